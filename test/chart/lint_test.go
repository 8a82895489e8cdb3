package chart_test

import (
	"path/filepath"
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"

	"github.com/crest-hpa/crest/test/chart"
)

func TestHelmFindsNothingToWarnOf(t *testing.T) {
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		result := lint.RunAll(filepath.Join(root, "charts/crest"), r.Values, r.Namespace)
		for _, message := range result.Messages {
			if message.Severity >= support.WarningSev {
				t.Error(message.Error())
			}
		}
	})
}
