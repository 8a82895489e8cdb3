package main

import (
	"context"
	"time"

	"github.com/crest-hpa/crest/test/stage"
)

// explain prints what is needed to see why the story could not go on.
func explain(ctx context.Context, p *printer, s *stage.Stage, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	p.line("")
	p.line(p.paint(red, "The story cannot go on: ") + err.Error())
	described, problem := s.Cluster.Kubectl(ctx, "describe", "hpa", "--namespace="+namespace)
	if problem != nil {
		described = problem.Error()
	}
	p.quote("kubectl describe hpa --namespace=shop", described)
	for name, selector := range selectors {
		p.quote("kubectl get --raw '"+stage.Path(namespace, stage.Max, selector)+"'   # "+name,
			s.Read(ctx, namespace, stage.Max, selector).String())
	}
	logs, problem := s.ReleaseLogs()
	if problem != nil {
		p.line(problem.Error())
	}
	for pod, log := range logs {
		p.quote("tail -n 15 of the Pod "+pod, lastLines(log, 15))
	}
	for _, name := range []string{"kube-controller-manager", "metrics-server"} {
		p.quote("tail -n 15 "+name+".log", logTail(s, name, 15))
	}
	if requests := s.Datadog.Requests(); len(requests) > 0 {
		last := requests[len(requests)-1]
		p.line("")
		p.line("   The last of " + thousands(float64(len(requests))) + " requests to Datadog was at " +
			last.Time.UTC().Format("15:04:05") + " UTC, with " + thousands(float64(last.Series)) + " series in the answer.")
	}
}
