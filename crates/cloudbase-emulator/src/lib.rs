//! An offline emulator of the Tencent CloudBase gateway: library for tests and stand-alone binary.
