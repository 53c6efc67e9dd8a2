/**
 * Applies a StreamChange to the stream's hash; see `CachingTier.apply`. Fields: `#revision`, `#upTo`, and documents as JSON.
 * Revisions and positions are digits of one length and compared as text: numbers here are exact only below 2^53.
 *
 * KEYS: the hash. ARGV: from, revision, upTo, ttl in ms, most fields, number of touched fields n, n fields, then pairs of
 * field and document. Answers 1 where documents of before were dropped, else 0.
 */
export const changeScript = `
local key, from, revision, upTo = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local held = redis.call('HMGET', key, '#revision', '#upTo')
local heldRevision, heldUpTo = held[1], held[2]
local dropped = 0
if heldRevision and heldUpTo then
  local further, later = heldRevision > revision, heldUpTo > upTo
  if further and later then return 0 end
  -- One stream cannot have more events at an earlier place: one of the two is of another log, and both go.
  if further or (heldRevision < revision and later) then
    redis.call('UNLINK', key)
    return 1
  end
  if heldRevision < from or redis.call('HLEN', key) >= tonumber(ARGV[5]) then
    dropped = 1
  end
  if later then upTo = heldUpTo end
end
if dropped == 1 or not (heldRevision and heldUpTo) then
  redis.call('UNLINK', key)
elseif heldRevision < revision then
  for i = 7, 6 + tonumber(ARGV[6]) do redis.call('HDEL', key, ARGV[i]) end
end
redis.call('HSET', key, '#revision', revision, '#upTo', upTo)
for i = 7 + tonumber(ARGV[6]), #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', key, ARGV[4])
return dropped
`;
