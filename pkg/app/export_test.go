package app

// Now is the clock.
var Now = now
