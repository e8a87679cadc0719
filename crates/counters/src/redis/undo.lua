-- Takes back, atomically, what a decision counted whose answer never arrived; if it was not made yet, it never will be.
--
-- KEYS[1] the counter
-- KEYS[2] the journal of the gateway that asked
-- ARGV[1] number of the decision
-- ARGV[2] window | bucket | tokens | fixed
--
-- Answers 1 when something was taken back.

local key, journal, number = KEYS[1], KEYS[2], ARGV[1]
local place = string.format('%.0f', tonumber(number) % 1024)
local noted = redis.call('HGET', journal, place) or ''
local of, one, two, three = string.match(noted, '^(%d+):([^:]+):(%d+):(%d+)$')
redis.call('HSET', journal, place, number .. ':undone')
redis.call('PEXPIRE', journal, '3600000')
if of ~= number or redis.call('EXISTS', key) == 0 then return 0 end

-- Less, but never less than nothing; a count that is used up goes.
local function take(field, count)
  if tonumber(count) == 0 or redis.call('HEXISTS', key, field) == 0 then return end
  if redis.call('HINCRBY', key, field, '-' .. count) <= 0 then redis.call('HDEL', key, field) end
end

if ARGV[2] == 'fixed' then
  take('c', one)
  take('b', two)
elseif ARGV[2] == 'bucket' then
  local full_at = tonumber(redis.call('GET', key)) - tonumber(one)
  redis.call('SET', key, string.format('%.0f', full_at), 'KEEPTTL')
else
  take(one, two)
  take('d', three)
end
return 1
