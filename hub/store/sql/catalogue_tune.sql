-- For the rest of a transaction: what a search reads is in memory more often than not, and it takes less than another
-- process or a compiler needs to start.
select set_config('seq_page_cost', '0.3', true), set_config('random_page_cost', '0.3', true),
       set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)
