"""Cases (案件): what somebody has to see to, from its report to its close."""
