-- A replica says that it lives; one that was taken for dead lives on under a fresh name, because others may
-- have dropped what it held under the old one. Replies {was it alive until now (1 or 0), how many live}.
-- KEYS[1] the prefix; ARGV now (us; '' = this server's clock), replica, ttl (us), fresh name
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000000 + tonumber(t[2])
end
local key = KEYS[1] .. 'live'
redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now))
local was = redis.call('ZSCORE', key, ARGV[2]) and 1 or 0
local name = was == 1 and ARGV[2] or ARGV[4]
redis.call('ZADD', key, string.format('%.0f', now + tonumber(ARGV[3])), name)
return {was, redis.call('ZCARD', key)}
