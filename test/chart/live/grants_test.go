package live

import (
	"context"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// grant is one thing that the chart lets Crest do.
type grant struct {
	name string
	// rules are what it is about.
	rules []rbacv1.PolicyRule
	// take takes it away, give gives it back.
	take, give func(context.Context) error
}

// grants are each rule of the ClusterRole that the release makes for the adapter, and each
// other role that it binds to it.
func (r *release) grants(t *testing.T) []grant {
	t.Helper()
	role, err := shared.Cluster.Client().RbacV1().ClusterRoles().Get(t.Context(), r.name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var all []grant
	for i, rule := range role.Rules {
		others := append(append([]rbacv1.PolicyRule(nil), role.Rules[:i]...), role.Rules[i+1:]...)
		all = append(all, grant{
			name: strings.Trim(strings.Join(rule.Resources, ",")+"."+rule.APIGroups[0], "."), rules: []rbacv1.PolicyRule{rule},
			take: func(ctx context.Context) error { return r.allow(ctx, others) },
			give: func(ctx context.Context) error { return r.allow(ctx, role.Rules) },
		})
	}
	return append(all, r.delegator(t), bound(t, "kube-system", r.name+"-auth-reader"), bound(t, r.namespace, r.name+"-certificate"))
}

// allow changes the rules of the adapter's ClusterRole.
func (r *release) allow(ctx context.Context, rules []rbacv1.PolicyRule) error {
	client := shared.Cluster.Client().RbacV1().ClusterRoles()
	role, err := client.Get(ctx, r.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	role.Rules = rules
	_, err = client.Update(ctx, role, metav1.UpdateOptions{})
	return err
}

// delegator is the binding to the ClusterRole of aggregated API servers.
func (r *release) delegator(t *testing.T) grant {
	t.Helper()
	client := shared.Cluster.Client().RbacV1()
	binding, err := client.ClusterRoleBindings().Get(t.Context(), r.name+"-auth-delegator", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	role, err := client.ClusterRoles().Get(t.Context(), binding.RoleRef.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return grant{
		name: role.Name, rules: role.Rules,
		take: func(ctx context.Context) error {
			return client.ClusterRoleBindings().Delete(ctx, binding.Name, metav1.DeleteOptions{})
		},
		give: func(ctx context.Context) error {
			binding.ResourceVersion = ""
			_, err := client.ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
			return err
		},
	}
}

// bound is a RoleBinding.
func bound(t *testing.T, namespace, name string) grant {
	t.Helper()
	client := shared.Cluster.Client().RbacV1()
	binding, err := client.RoleBindings(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	role, err := client.Roles(namespace).Get(t.Context(), binding.RoleRef.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return grant{
		name: role.Name, rules: role.Rules,
		take: func(ctx context.Context) error {
			return client.RoleBindings(namespace).Delete(ctx, name, metav1.DeleteOptions{})
		},
		give: func(ctx context.Context) error {
			binding.ResourceVersion = ""
			_, err := client.RoleBindings(namespace).Create(ctx, binding, metav1.CreateOptions{})
			return err
		},
	}
}
