package app

import "time"

// now is the clock of the running program. Everything below takes it, or the
// time itself, as an argument.
func now() time.Time { return time.Now() }
