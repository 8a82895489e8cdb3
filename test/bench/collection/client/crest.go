package main

import (
	"context"
	"time"

	"github.com/go-logr/logr"

	"github.com/crest-hpa/crest/pkg/datadog"
	"github.com/crest-hpa/crest/pkg/utilization"
	"github.com/crest-hpa/crest/test/bench/collection/measurement"
)

// crest collects as the adapter does.
type crest struct {
	task   measurement.Task
	client *datadog.Client
}

func newCrest(task measurement.Task) (*crest, error) {
	client, err := datadog.New(datadog.Options{
		URL: task.URL, ClusterTag: "kube_cluster_name", ClusterName: "prod-tokyo", UsageMetric: "kubernetes.cpu.usage.total",
		Interval: 30 * time.Second, Timeout: time.Minute, MaxAge: 3 * time.Minute, MaxWorkloadsPerQuery: 1000,
		Tags:   map[string]string{"deployment": "kube_deployment"},
		APIKey: "bench-api-key", AppKey: "bench-app-key", Log: logr.Discard(), Now: time.Now,
	})
	return &crest{task: task, client: client}, err
}

func (c *crest) warmUp(ctx context.Context) error {
	_, err := c.about(ctx, c.task.WarmUp, new(measurement.Measurement))
	return err
}

func (c *crest) collect(ctx context.Context, m *measurement.Measurement) (any, error) {
	return c.about(ctx, c.task.Workloads, m)
}

func (c *crest) about(ctx context.Context, workloads []utilization.Workload, m *measurement.Measurement) ([]utilization.Batch, error) {
	batches := c.client.Collect(ctx, workloads, c.task.Now)
	for _, b := range batches {
		if b.Err != nil {
			return nil, b.Err
		}
		for _, containers := range b.Usage {
			m.Containers += len(containers)
		}
	}
	return batches, nil
}
