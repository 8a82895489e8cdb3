package chart_test

import (
	"slices"
	"strings"
)

// workloadRules are the resources of workloads that rules name, as GROUP/RESOURCE.
func workloadRules(rules any) (found []string) {
	list, _ := rules.([]any)
	for _, item := range list {
		rule, _ := item.(map[string]any)
		groups, _ := rule["apiGroups"].([]any)
		resources, _ := rule["resources"].([]any)
		for _, group := range groups {
			for _, resource := range resources {
				name, _ := resource.(string)
				if g, _ := group.(string); strings.HasPrefix(g, "apps") || g == "argoproj.io" {
					found = append(found, g+"/"+name)
				}
			}
		}
	}
	slices.Sort(found)
	return found
}
