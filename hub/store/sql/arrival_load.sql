select source, entries from arrival order by source, seq
