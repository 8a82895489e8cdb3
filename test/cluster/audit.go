package cluster

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// auditPolicy says what the API server notes with Options.Audit.
//
//go:embed manifests/audit.yaml
var auditPolicy []byte

// auditFlags are those of the API server; none without Options.Audit.
func (c *Cluster) auditFlags() ([]string, error) {
	if !c.options.Audit {
		return nil, nil
	}
	policy, err := writeFile(c.dir, "audit.yaml", auditPolicy)
	if err != nil {
		return nil, err
	}
	return []string{"--audit-policy-file=" + policy, "--audit-log-path=" + c.path("audit.log"), "--audit-log-mode=blocking-strict"}, nil
}

// Audited is what a ServiceAccount has asked the API server and what became of it, oldest
// first. A watch is noted when it begins, and again when it ends. It needs Options.Audit.
func (c *Cluster) Audited(namespace, account string) ([]auditv1.Event, error) {
	file, err := os.Open(c.path("audit.log"))
	if err != nil {
		return nil, fmt.Errorf("reading the API server's audit log: %w", err)
	}
	defer func() { _ = file.Close() }()
	var events []auditv1.Event
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e auditv1.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("reading the API server's audit log: %w", err)
		}
		if e.User.Username == "system:serviceaccount:"+namespace+":"+account {
			events = append(events, e)
		}
	}
	return events, lines.Err()
}
