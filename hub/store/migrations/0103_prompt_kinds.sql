-- Of fire, gas, a button and the like each event pages at once (devices/vocabulary.py, PROMPT), whoever writes the rule.
update rule set count = 1, within_s = null, cooldown_s = 0
where event_kind in ('fire', 'smoke', 'heat', 'gas_leak', 'water_immersion', 'leakage_current', 'manual_alarm', 'tamper', 'flood')
  and (count > 1 or cooldown_s > 0);
alter table rule add constraint rule_prompt check (
    event_kind not in ('fire', 'smoke', 'heat', 'gas_leak', 'water_immersion', 'leakage_current', 'manual_alarm', 'tamper', 'flood')
    or (count = 1 and cooldown_s = 0));
