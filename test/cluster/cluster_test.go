package cluster

import (
	"testing"
	"net/http"
	"os"
	"time"
)

func TestSmoke(t *testing.T) {
	b := time.Now()
	c, err := Start(t.Context(), Options{Progress: os.Stderr, KubeletHandler: http.NotFoundHandler()})
	if err != nil { t.Fatal(err) }
	t.Log("started", time.Since(b))
	out, err := c.Kubectl(t.Context(), "get", "nodes,apiservices,svc,sa", "-A")
	t.Log(out, err)
	b = time.Now()
	c.Stop()
	t.Log("stopped", time.Since(b))
}
