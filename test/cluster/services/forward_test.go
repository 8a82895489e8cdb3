package services

import (
	"errors"
	"io"
	"net"
	"testing"
)

func TestAConnectionThatComesWhenTheLastEndpointHasGoneIsClosed(t *testing.T) {
	f, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	f.lead(nil)
	client, err := new(net.Dialer).DialContext(t.Context(), "tcp", f.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if n, err := client.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("read %d bytes and %v, want the end", n, err)
	}
}
