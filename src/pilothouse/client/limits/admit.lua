-- One admission for all its scopes: everything has room and is taken, or nothing is.
-- Numbers of tokens and requests stay below 2^53. Money does not: pico-dollars are kept and compared as
-- decimal text and added by HINCRBY, which is exact to 64 bits, because a Lua number is a double.
--
-- KEYS[1]  the prefix; all keys start with it (in a cluster it must hold a {hash tag})
-- ARGV     now (us; '' = this server's clock), replica, hold id, nonce, hold ttl (ms), then seven a check:
--          'w', key, limit, amount, certain part of the amount, slot width (us), slots
--          'c', key, limit, '', '', '', ''
--          'b', key, room (limit - amount), amount, ttl (ms, '' = none), seed ('' = not known), ''
-- Replies  {'ok', now, used...}  used after it, one a check, as text
--          {'no', check, used, wait (us; -1 = never)} | {'dup'} | {'lapsed'} | {'seed', check...}

local prefix, now = KEYS[1], tonumber(ARGV[1])
local replica, hold, nonce = ARGV[2], ARGV[3], ARGV[4]
if not now then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000000 + tonumber(t[2])
end
local function text(n) return string.format('%.0f', n) end

local known = {}
local function lives(who)
  if known[who] == nil then
    local until_us = redis.call('ZSCORE', prefix .. 'live', who)
    known[who] = until_us and tonumber(until_us) > now or false
  end
  return known[who]
end
if not lives(replica) then return {'lapsed'} end

local holder = redis.call('GET', prefix .. 'h:' .. hold)
if holder and holder ~= nonce then return {'dup'} end
local is_repeat = holder == nonce  -- the reply of the first try was lost: take nothing again, say what is used

-- a <= b for decimal text without leading zeros
local function at_most(a, b)
  local negative_a, negative_b = a:sub(1, 1) == '-', b:sub(1, 1) == '-'
  if negative_a ~= negative_b then return negative_a end
  if negative_a then a, b = b:sub(2), a:sub(2) end
  if #a ~= #b then return #a < #b end
  return a <= b
end

local function window(key, limit, amount, certain, width, slots)
  local slot, total, counts, gone = math.floor(now / width), 0, {}, {}
  local flat = redis.call('HGETALL', key)
  for i = 1, #flat, 2 do
    local n, count = tonumber(flat[i]), tonumber(flat[i + 1])
    if n < slot - slots then
      gone[#gone + 1] = flat[i]
    else
      counts[n] = count
      total = total + count
    end
  end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  if is_repeat or total + amount <= limit then return true, total end
  if certain > limit then return false, total, -1 end
  if amount > limit and total <= 0 then return true, total end
  local over = total + math.min(amount, limit) - limit
  for n = slot - slots, slot do
    over = over - (counts[n] or 0)
    if over <= 0 then return false, total, (n + slots + 1) * width - now end
  end
  return false, total, (slot + slots + 1) * width - now
end

local function places(key, limit)
  local total, flat = 0, redis.call('HGETALL', key)
  for i = 1, #flat, 2 do
    if lives(flat[i]) then
      total = total + tonumber(flat[i + 1])
    else
      redis.call('HDEL', key, flat[i])
    end
  end
  return is_repeat or total < limit, total, 1000000
end

local seeds = {}
local function money(key, room, seed, check)
  local flat, used = redis.call('HGETALL', key), '0'
  local is_open = false
  for i = 1, #flat, 2 do
    if flat[i] == 'o' then is_open = true end
  end
  if not is_open then
    if seed == '' then
      seeds[#seeds + 1] = check
      return true, '0'
    end
    redis.call('HSET', key, 'o', '1')
    redis.call('HINCRBY', key, 's', seed)
    redis.call('HINCRBY', key, 'u', seed)
  end
  for i = 1, #flat, 2 do
    local who = flat[i]:match('^h:(.*)$')
    if who and not lives(who) then
      redis.call('HINCRBY', key, 'u', '-' .. flat[i + 1])
      redis.call('HDEL', key, flat[i])
    end
  end
  used = redis.call('HGET', key, 'u') or '0'
  return is_repeat or at_most(used, room), used, -1
end

local used = {}
for i = 6, #ARGV, 7 do
  local kind, key, check = ARGV[i], prefix .. ARGV[i + 1], (i + 1) / 7
  local has_room, total, wait
  if kind == 'w' then
    has_room, total, wait = window(key, tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]),
      tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6]))
  elseif kind == 'c' then
    has_room, total, wait = places(key, tonumber(ARGV[i + 2]))
  else
    has_room, total, wait = money(key, ARGV[i + 2], ARGV[i + 5], check)
  end
  local shown = type(total) == 'number' and text(total) or total
  if not has_room then return {'no', text(check), shown, text(wait)} end
  used[check] = shown
end
if #seeds > 0 then
  for i = 1, #seeds do seeds[i] = text(seeds[i]) end
  return {'seed', unpack(seeds)}
end
if is_repeat then return {'ok', text(now), unpack(used)} end

for i = 6, #ARGV, 7 do
  local kind, key, check = ARGV[i], prefix .. ARGV[i + 1], (i + 1) / 7
  if kind == 'w' then
    local width, slots = tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6])
    redis.call('HINCRBY', key, text(math.floor(now / width)), ARGV[i + 3])
    redis.call('PEXPIRE', key, text((slots + 2) * width / 1000))
    used[check] = text(tonumber(used[check]) + tonumber(ARGV[i + 3]))
  elseif kind == 'c' then
    redis.call('HINCRBY', key, replica, 1)
  elseif ARGV[i + 3] ~= '0' then
    redis.call('HINCRBY', key, 'u', ARGV[i + 3])
    redis.call('HINCRBY', key, 'h:' .. replica, ARGV[i + 3])
    used[check] = redis.call('HGET', key, 'u')
  end
  if kind == 'b' and ARGV[i + 4] ~= '' then redis.call('PEXPIRE', key, ARGV[i + 4]) end
end
redis.call('SET', prefix .. 'h:' .. hold, nonce, 'PX', ARGV[5])
return {'ok', text(now), unpack(used)}
