//! The few steps that must happen at once, on the server.

use ::redis::Cmd;

/// A script of the server.
#[derive(Clone, Copy)]
pub(super) enum Script {
    /// Takes the lock if it is free, and answers with its number; 0 if it is not. Whoever holds it
    /// already has asked twice because the first answer was lost.
    Lock,
    /// Answers 1 if the lock still was its owner's and stays so for another while.
    Prolong,
    /// Lets go of the lock, if it is still its owner's.
    Release,
    /// Writes, unless a later lock has been taken; answers 1 if it has written.
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
            Self::Lock => {
                "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then \
                   return redis.call('INCR', KEYS[2]) \
                 end \
                 if redis.call('GET', KEYS[1]) == ARGV[1] then \
                   redis.call('PEXPIRE', KEYS[1], ARGV[2]) \
                   return tonumber(redis.call('GET', KEYS[2])) \
                 end \
                 return 0"
            }
            Self::Prolong => {
                "if redis.call('GET', KEYS[1]) == ARGV[1] then \
                   return redis.call('PEXPIRE', KEYS[1], ARGV[2]) \
                 end \
                 return 0"
            }
            Self::Release => {
                "if redis.call('GET', KEYS[1]) == ARGV[1] then \
                   return redis.call('DEL', KEYS[1]) \
                 end \
                 return 0"
            }
            Self::Save => {
                "local newest = redis.call('GET', KEYS[2]) \
                 if newest and newest ~= ARGV[1] then return 0 end \
                 redis.call('SET', KEYS[1], ARGV[2]) \
                 return 1"
            }
            Self::Remove => {
                "local newest = redis.call('GET', KEYS[2]) \
                 if newest and newest ~= ARGV[1] then return 0 end \
                 redis.call('DEL', KEYS[1]) \
                 return 1"
            }
        }
    }
}
