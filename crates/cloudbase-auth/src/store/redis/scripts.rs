//! The few steps that must happen at once, on the server.

use ::redis::Cmd;

/// A script of the server. None of them takes a key of another type for more than an absent one.
#[derive(Clone, Copy)]
pub(super) enum Script {
    /// Takes the lock if it is free or its owner's already, and returns its fence, which is
    /// `<number>:<owner>`; nothing if another owner has it. A lock without an expiry gets one.
    Lock,
    /// Returns 1 if the lock still was its owner's and stays so for another while.
    Prolong,
    /// Lets go of the lock, if it is still its owner's.
    Release,
    /// Writes if the newest lock is the one with this fence; returns 1 if it has written.
    Save,
    /// As `Save`, but removes.
    Remove,
}

impl Script {
    /// The call of this script with these keys; its arguments follow.
    pub(super) fn on(self, keys: &[&str]) -> Cmd {
        let mut call = ::redis::cmd("EVAL");
        call.arg(self.text()).arg(keys.len()).arg(keys);
        call
    }

    fn text(self) -> &'static str {
        match self {
            // Numbers of Lua are exact up to 2^53. A fence that is no number is counted from 0: the
            // owner keeps locks apart, the number only says which one was later.
            Self::Lock => {
                "local held = redis.pcall('GET', KEYS[1]) \
                 if type(held) == 'table' and not string.find(held.err, 'WRONGTYPE', 1, true) then return held end \
                 if type(held) == 'string' and held ~= ARGV[1] then \
                   if redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end \
                   return '' \
                 end \
                 redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) \
                 local last = redis.pcall('GET', KEYS[2]) \
                 local number = type(last) == 'string' and tonumber(string.match(last, '^%d+')) or 0 \
                 if number >= 9007199254740991 then number = 0 end \
                 local fence = string.format('%.0f:%s', number + 1, ARGV[1]) \
                 redis.call('SET', KEYS[2], fence) \
                 return fence"
            }
            Self::Prolong => {
                "if redis.pcall('GET', KEYS[1]) == ARGV[1] then \
                   return redis.call('PEXPIRE', KEYS[1], ARGV[2]) \
                 end \
                 return 0"
            }
            Self::Release => {
                "if redis.pcall('GET', KEYS[1]) == ARGV[1] then \
                   return redis.call('DEL', KEYS[1]) \
                 end \
                 return 0"
            }
            Self::Save => {
                "if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end \
                 redis.call('SET', KEYS[1], ARGV[2]) \
                 return 1"
            }
            Self::Remove => {
                "if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end \
                 redis.call('DEL', KEYS[1]) \
                 return 1"
            }
        }
    }
}
