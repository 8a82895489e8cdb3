package apptest

import (
	"encoding/json"
	"net/http"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The tokens of callers. Any other token is nobody's.
const (
	// Reader may do everything.
	Reader = "reader"
	// Stranger is known and may do nothing.
	Stranger = "stranger"
)

// handleReviews answers what delegated authentication and authorization ask.
func (c *Cluster) handleReviews(mux *http.ServeMux) {
	mux.HandleFunc("POST /apis/authentication.k8s.io/v1/tokenreviews", func(w http.ResponseWriter, r *http.Request) {
		var review authenticationv1.TokenReview
		if !decode(w, r, &review) {
			return
		}
		if token := review.Spec.Token; token == Reader || token == Stranger {
			review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{Username: token}}
		}
		reply(w, http.StatusCreated, review)
	})
	mux.HandleFunc("POST /apis/authorization.k8s.io/v1/subjectaccessreviews", func(w http.ResponseWriter, r *http.Request) {
		var review authorizationv1.SubjectAccessReview
		if !decode(w, r, &review) {
			return
		}
		review.Status.Allowed = review.Spec.User == Reader
		reply(w, http.StatusCreated, review)
	})
	authentication := corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "extension-apiserver-authentication", ResourceVersion: "1"},
		Data: map[string]string{
			"client-ca-file":                     c.ca,
			"requestheader-client-ca-file":       c.ca,
			"requestheader-allowed-names":        `["front-proxy-client"]`,
			"requestheader-extra-headers-prefix": `["X-Remote-Extra-"]`,
			"requestheader-group-headers":        `["X-Remote-Group"]`,
			"requestheader-username-headers":     `["X-Remote-User"]`,
		},
	}
	const path = "GET /api/v1/namespaces/kube-system/configmaps"
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, list("v1", "ConfigMapList", []corev1.ConfigMap{authentication}))
	})
	mux.HandleFunc(path+"/"+authentication.Name, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, authentication)
	})
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(r.Body).Decode(into)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return err == nil
}

// list is an object list of any kind.
func list[T any](apiVersion, kind string, items []T) any {
	return struct {
		metav1.TypeMeta `json:",inline"`
		metav1.ListMeta `json:"metadata"`
		Items           []T `json:"items"`
	}{metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}, metav1.ListMeta{ResourceVersion: "1"}, items}
}

func status(reason metav1.StatusReason, code int32) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Reason: reason, Code: code, Message: string(reason),
	}
}
