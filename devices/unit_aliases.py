"""Common non-UCUM spellings of units, and their UCUM equivalents."""

from collections.abc import Mapping

HABITS: Mapping[str, str] = {
    **dict.fromkeys(("℃", "°C", "degC", "deg.C", "celsius", "Celsius", "degree", "degrees", "摄氏度", "度C"), "Cel"),
    **dict.fromkeys(("degF", "fahrenheit", "华氏度"), "[degF]"),
    **dict.fromkeys(("%RH", "%rh", "RH%", "RH", "rh", "percent", "pct", "百分比", "%r.h."), "%"),
    **dict.fromkeys(("%vol", "%VOL", "vol%", "Vol%"), "%{vol}"),
    **dict.fromkeys(("%LEL", "LEL", "%lel", "LEL%"), "%{LEL}"),
    **dict.fromkeys(("ppm", "PPM"), "[ppm]"),
    **dict.fromkeys(("ppb", "PPB"), "[ppb]"),
    **dict.fromkeys(("NTU", "ntu", "FNU", "FTU", "浊度"), "{NTU}"),
    **dict.fromkeys(("ph", "酸碱度"), "[pH]"),
    **dict.fromkeys(("dBA", "dB(A)", "dba", "db(a)", "dB[A]", "分贝", "decibel"), "dB[SPL]"),
    **dict.fromkeys(("dB", "db", "DB"), "dB"),
    **dict.fromkeys(("dBm", "dbm"), "dB{mW}"),
    **dict.fromkeys(("lux", "Lux", "LUX", "勒克斯"), "lx"),
    **dict.fromkeys(("kWh", "KWH", "kwh", "kW·h", "kw.h", "度电", "千瓦时"), "kW.h"),
    **dict.fromkeys(("Wh", "wh"), "W.h"),
    **dict.fromkeys(("Ah", "ah"), "A.h"),
    **dict.fromkeys(("mAh", "mah"), "mA.h"),
    **dict.fromkeys(("VA", "va"), "V.A"),
    **dict.fromkeys(("kVA", "KVA", "kva"), "kV.A"),
    **dict.fromkeys(("var", "Var", "VAR"), "V.A{reactive}"),
    **dict.fromkeys(("kvar", "kVar", "KVAR"), "kV.A{reactive}"),
    **dict.fromkeys(("VAh", "vah"), "V.A.h"),
    **dict.fromkeys(("kVAh", "KVAh", "kvah"), "kV.A.h"),
    **dict.fromkeys(("varh", "Varh"), "V.A.h{reactive}"),
    **dict.fromkeys(("kvarh", "kVarh", "KVARH"), "kV.A.h{reactive}"),
    **dict.fromkeys(("Nm", "N·m"), "N.m"),
    **dict.fromkeys(("rpm", "RPM", "r/min", "rev/min", "转/分"), "/min"),
    **dict.fromkeys(("mph", "MPH"), "[mi_i]/h"),
    **dict.fromkeys(("kmh", "kph", "KPH", "km/hr", "公里/小时", "千米/小时"), "km/h"),
    **dict.fromkeys(("kn", "kt", "kts", "knot", "knots", "节"), "[kn_i]"),
    **dict.fromkeys(("psi", "PSI"), "[psi]"),
    **dict.fromkeys(("mmHg", "mmhg"), "mm[Hg]"),
    **dict.fromkeys(("mmH2O", "mmh2o"), "mm[H2O]"),
    **dict.fromkeys(("inHg", "inhg"), "[in_i'Hg]"),
    **dict.fromkeys(("inch", "inches", '"'), "[in_i]"),
    **dict.fromkeys(("feet", "foot"), "[ft_i]"),
    **dict.fromkeys(("gpm", "GPM"), "[gal_us]/min"),
    **dict.fromkeys(("lpm", "LPM", "lpm."), "L/min"),
    **dict.fromkeys(("cfm", "CFM"), "[cft_i]/min"),
    **dict.fromkeys(("bps", "bit/sec"), "bit/s"),
    **dict.fromkeys(("kbps", "Kbps"), "kbit/s"),
    **dict.fromkeys(("Mbps", "mbps"), "Mbit/s"),
    **dict.fromkeys(("byte", "bytes", "Byte"), "By"),
    **dict.fromkeys(("KB", "kB"), "kBy"),
    **dict.fromkeys(("MB",), "MBy"),
    **dict.fromkeys(("GB",), "GBy"),
    **dict.fromkeys(("", "-", "/", "count", "counts", "pcs", "piece", "pieces", "number", "none", "unit", "bool",
                     "boolean", "个", "辆", "次", "台", "人次", "无", "n/a", "null"), "1"),
    **dict.fromkeys(("vehicles/h", "veh/h", "辆/小时", "辆/时", "pcu/h"), "/h"),
    **dict.fromkeys(("微克/立方米", "微克每立方米"), "ug/m3"),
    **dict.fromkeys(("毫克/立方米",), "mg/m3"),
    **dict.fromkeys(("毫克/升",), "mg/L"),
    **dict.fromkeys(("毫米/小时", "毫米/时"), "mm/h"),
    **dict.fromkeys(("米/秒",), "m/s"),
    **dict.fromkeys(("立方米/秒",), "m3/s"),
    **dict.fromkeys(("立方米/小时",), "m3/h"),
    **dict.fromkeys(("us", "usec"), "us"),
    **dict.fromkeys(("gal",), "[gal_us]"),
}  # fmt: skip
"""Whole units. Those that are units of UCUM as well ("RH" is the ronnahenry) hardly are meant as such."""

FACTORS: Mapping[str, str] = {
    **dict.fromkeys(("hr", "hrs", "hour", "hours", "H", "小时", "时"), "h"),
    **dict.fromkeys(("sec", "secs", "second", "seconds", "S", "秒"), "s"),
    **dict.fromkeys(("mins", "minute", "minutes", "分", "分钟"), "min"),
    **dict.fromkeys(("day", "days", "天", "日"), "d"),
    **dict.fromkeys(("week", "weeks", "周"), "wk"),
    **dict.fromkeys(("month", "months", "月"), "mo"),
    **dict.fromkeys(("year", "years", "yr", "年"), "a"),
    **dict.fromkeys(("Nm", "M", "meter", "metre", "meters", "metres", "米"), "m"),
    **dict.fromkeys(("厘米", "CM"), "cm"),
    **dict.fromkeys(("毫米", "MM"), "mm"),
    **dict.fromkeys(("公里", "千米", "KM", "Km"), "km"),
    **dict.fromkeys(("立方米", "cbm"), "m3"),
    **dict.fromkeys(("升", "liter", "litre", "Ltr"), "L"),
    **dict.fromkeys(("克", "gram"), "g"),
    **dict.fromkeys(("千克", "公斤", "KG", "Kg", "kgs"), "kg"),
    **dict.fromkeys(("毫克", "MG"), "mg"),
    **dict.fromkeys(("微克", "ugm", "mcg", "UG"), "ug"),
    **dict.fromkeys(("吨", "ton", "tons"), "t"),
    **dict.fromkeys(("伏", "伏特", "volt", "volts"), "V"),
    **dict.fromkeys(("安", "安培", "amp", "amps"), "A"),
    **dict.fromkeys(("毫安",), "mA"),
    **dict.fromkeys(("瓦", "watt", "watts"), "W"),
    **dict.fromkeys(("千瓦", "KW", "kw", "Kw"), "kW"),
    **dict.fromkeys(("赫兹", "hz", "HZ"), "Hz"),
    **dict.fromkeys(("帕",), "Pa"),
    **dict.fromkeys(("千帕", "kpa", "KPa", "KPA"), "kPa"),
    **dict.fromkeys(("百帕", "hpa", "HPA"), "hPa"),
    **dict.fromkeys(("兆帕", "Mpa", "mpa", "MPA"), "MPa"),
    **dict.fromkeys(("度",), "deg"),
    **dict.fromkeys(("欧姆", "ohm", "ohms", "OHM"), "Ohm"),
}
"""Parts of a unit, between . and /."""


SENML: Mapping[str, str] = {
    "pH": "[pH]", "B": "By", "KiB": "KiBy", "B/s": "By/s", "MB/s": "MBy/s", "GB": "GBy", "Bspl": "B[SPL]",
    "lat": "deg", "lon": "deg", "EL": "%", "%EL": "%", "beat/min": "/min", "beats": "1", "gravity": "[g]",
    "VAs": "V.A.s", "vars": "V.A.s{reactive}", "kVAh": "kV.A.h", "varh": "V.A.h{reactive}", "/100": "%",
    "kvarh": "kV.A.h{reactive}", "/1000": "[ppth]", "dBW": "dB{W}",
}  # fmt: skip
"""Units of SenML's registry that mean something else in UCUM, or nothing."""


MISLEADING: Mapping[str, str] = {
    "C": "is the coulomb in UCUM: write Cel for degrees Celsius, A.s for a charge",
    "pH": "is the picohenry in UCUM: write [pH] for the acidity of water",
    "PH": "is the petahenry in UCUM: write [pH] for the acidity of water",
    "ft": "is the femtotonne in UCUM: write [ft_i] for feet",
}
"""What is a unit, but hardly the one that is meant."""

LOOKALIKES: Mapping[str, str] = {"F": "[degF]", "H": "h", "S": "s", "MG": "mg"}
"""What else a unit of UCUM may be meant as; offered where it measures what it cannot."""

_COMMON = """
ug/m3 mg/m3 mg/L ug/L Cel % m mm cm km m/s km/h mm/h deg Pa hPa kPa MPa V mV kV A mA kA W kW mW MW kW.h Hz s min h d
ms lx dB[SPL] dB 1 [ppm] [ppb] [pH] {NTU} uS/cm mS/cm L L/s L/min m3 m3/s m3/h g kg t N kN J kJ MJ W/m2 Ohm kOhm
MOhm uW/cm2 /h /min %{LEL} rad mm/s mm/s2 m/s2 uSv/h Bq/m3 [CFU]/L kV.A V.A mol/L cd cd/m2 mT uT By bit/s"""
COMMON = tuple(_COMMON.split())
"""What a city measures in; the nearest of these is offered where nothing else fits."""
