package scale

import (
	"bytes"
	"runtime"
	"runtime/pprof"
	"testing"
)

func TestTheHeapIsReadFromAProfileOfGo(t *testing.T) {
	var profile bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&profile, 1); err != nil {
		t.Fatal(err)
	}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	got, err := heapAlloc(profile.Bytes())
	if err != nil || got <= 0 || got > 10*float64(now.HeapAlloc) {
		t.Errorf("got %.0f bytes (%v), and it has %d", got, err, now.HeapAlloc)
	}
	if got, err := heapAlloc([]byte("heap profile: 1: 2 [3: 4] @ heap/1\n")); err == nil {
		t.Errorf("got %.0f bytes of a profile that does not say", got)
	}
}
