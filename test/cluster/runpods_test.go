package cluster_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/crest-hpa/crest/test/cluster"
)

// startRunning has the shared cluster run Pods, with this test program as what is in their image.
var startRunning = sync.OnceValue(func() error {
	c, err := startShared()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return c.RunPods(context.Background(), self)
})

func running(t *testing.T) *cluster.Cluster {
	t.Helper()
	if err := startRunning(); err != nil {
		t.Fatal(err)
	}
	return shared(t)
}

// restricted is a namespace in which only restricted Pods are admitted.
func restricted(t *testing.T, name string) string {
	t.Helper()
	apply(t, fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {pod-security.kubernetes.io/enforce: restricted}}}", name))
	return name
}

// served is a Deployment of Pods that are run, its Service, and all that they read.
const served = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: crest, namespace: %[1]s}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config, namespace: %[1]s}
data: {config.yaml: "keyFile: /etc/crest-keys/api-key"}
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: %[1]s}
stringData: {api-key: first}
---
apiVersion: v1
kind: Service
metadata: {name: crest, namespace: %[1]s}
spec:
  selector: {app.kubernetes.io/name: crest}
  ports: [{name: https, port: 8443, targetPort: https}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: crest, namespace: %[1]s}
spec:
  replicas: 2
  selector: {matchLabels: {app.kubernetes.io/name: crest}}
  template:
    metadata: {labels: {app.kubernetes.io/name: crest}}
    spec:
      serviceAccountName: crest
      terminationGracePeriodSeconds: 5
      securityContext: {runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: crest
        image: none
        args: [serve, "$(POD_IP):10250", --config=/etc/crest/config.yaml]
        env:
        - {name: CREST_TEST_PART, value: container}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: api-key}}}
        - {name: KEY_FILE, value: /etc/crest-keys/api-key}
        - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
        ports: [{name: https, containerPort: 10250}]
        resources: {limits: {memory: 1Gi}}
        startupProbe: {httpGet: {path: /livez, port: https, scheme: HTTPS}, periodSeconds: 1, failureThreshold: 30}
        readinessProbe: {httpGet: {path: /readyz, port: https, scheme: HTTPS}, periodSeconds: 1, failureThreshold: 1}
        livenessProbe: {httpGet: {path: /livez, port: https, scheme: HTTPS}, periodSeconds: 1, failureThreshold: 1}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        volumeMounts:
        - {name: config, mountPath: /etc/crest}
        - {name: keys, mountPath: /etc/crest-keys}
      volumes:
      - {name: config, configMap: {name: config}}
      - {name: keys, secret: {secretName: keys, defaultMode: 0440}}
`

// serve has two Pods run in a namespace of the test's own, and returns their Service's address.
func serve(t *testing.T, name string) (namespace, url string) {
	t.Helper()
	c := running(t)
	ns := restricted(t, name)
	apply(t, fmt.Sprintf(served, ns))
	pods(t, ns, 2, ready)
	ip, err := c.ServiceIP(t.Context(), ns, "crest")
	if err != nil {
		t.Fatal(err)
	}
	url = "https://" + net.JoinHostPort(ip, "8443")
	eventually(t, "the Service leads to a Pod", 10*time.Second, func(ctx context.Context) error {
		_, err := call(ctx, http.MethodGet, url)
		return err
	})
	return ns, url
}

// oneShot makes a connection for each request.
var oneShot = &http.Client{
	Timeout:   5 * time.Second,
	Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
}

func call(ctx context.Context, method, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := oneShot.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return string(body), err
}

// look asks a Pod what it sees of itself.
func lookAt(t *testing.T, url string) seen {
	t.Helper()
	body, err := call(t.Context(), http.MethodGet, url)
	if err != nil {
		t.Fatal(err)
	}
	var s seen
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAPodIsRunAsItsSpecSays(t *testing.T) {
	ns, url := serve(t, "run-spec")
	s := lookAt(t, url)
	want := map[string]string{"KEY": "first", "MEMORY": "1073741824"}
	for name, value := range want {
		if s.Env[name] != value {
			t.Errorf("%s is %q, want %q", name, s.Env[name], value)
		}
	}
	if !strings.HasPrefix(s.Env["POD_NAME"], "crest-") || s.Args[1] != s.Env["POD_IP"]+":10250" || s.Env["KUBERNETES_SERVICE_PORT"] == "" {
		t.Errorf("it sees the arguments %q and the environment %q", s.Args, s.Env)
	}
	if ip := pods(t, ns, 2, ready)[0].Status.PodIP; net.ParseIP(ip).IsLoopback() {
		t.Errorf("the API knows the Pod by %s, which no EndpointSlice may hold", ip)
	}

	config := strings.TrimPrefix(s.Args[2], "--config=")
	text, err := call(t.Context(), http.MethodGet, url+"/file?name="+config)
	if err != nil || text != "keyFile: "+s.Env["KEY_FILE"] {
		t.Errorf("the configuration at %s is %q, %v; want the path that the environment has too, %s", config, text, err, s.Env["KEY_FILE"])
	}
	text, err = call(t.Context(), http.MethodGet, url+"/file?name="+s.Env["KEY_FILE"])
	if err != nil || text != "first" {
		t.Errorf("the key file holds %q, %v", text, err)
	}
	isThePodsAccount(t, ns, strings.TrimPrefix(s.Args[3], "--kubeconfig="), s.Env["POD_NAME"])
}

// isThePodsAccount asks the API server who the bearer of a kubeconfig is.
func isThePodsAccount(t *testing.T, namespace, kubeconfig, pod string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	review, err := kubernetes.NewForConfigOrDie(config).AuthenticationV1().SelfSubjectReviews().
		Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	user := review.Status.UserInfo
	if bound := user.Extra["authentication.kubernetes.io/pod-name"]; user.Username != "system:serviceaccount:"+namespace+":crest" || len(bound) != 1 || bound[0] != pod {
		t.Errorf("the token is that of %s, bound to the Pod %q; want the account crest and the Pod %s", user.Username, bound, pod)
	}
}

func TestAChangedSecretReachesARunningPod(t *testing.T) {
	ns, url := serve(t, "run-secret")
	before := lookAt(t, url)
	apply(t, fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: %s}, stringData: {api-key: second}}", ns))
	eventually(t, "the key file holds the new key", 10*time.Second, func(ctx context.Context) error {
		text, err := call(ctx, http.MethodGet, url+"/file?name="+before.Env["KEY_FILE"])
		if err == nil && text != "second" {
			err = fmt.Errorf("it holds %q", text)
		}
		return err
	})
}

func TestAPodThatIsNotReadyIsNotConnectedTo(t *testing.T) {
	ns, url := serve(t, "run-unready")
	unready := lookAt(t, url).Env["POD_IP"]
	if _, err := call(t.Context(), http.MethodPost, "https://"+unready+":10250/unready"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "one Pod is Ready", 10*time.Second, func(ctx context.Context) error {
		return readyReplicas(ctx, t, ns, 1)
	})
	eventually(t, "the Service leads to the other one alone", 10*time.Second, func(ctx context.Context) error {
		for range 20 {
			if body, err := call(ctx, http.MethodGet, url); err != nil || strings.Contains(body, unready) {
				return fmt.Errorf("it led to %s: %w", body, err)
			}
		}
		return nil
	})
}

func TestAPodThatIsNotAliveIsRestarted(t *testing.T) {
	ns, url := serve(t, "run-dead")
	dead := lookAt(t, url)
	if _, err := call(t.Context(), http.MethodPost, "https://"+dead.Env["POD_IP"]+":10250/dead"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its container is restarted", 20*time.Second, func(ctx context.Context) error {
		pod, err := shared(t).Client().CoreV1().Pods(ns).Get(ctx, dead.Env["POD_NAME"], metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := pod.Status.ContainerStatuses[0]
		if s.RestartCount != 1 || !s.Ready || s.LastTerminationState.Terminated == nil {
			return fmt.Errorf("it is in the state %+v", s)
		}
		if message := s.LastTerminationState.Terminated.Message; !strings.Contains(message, "liveness probe failed: HTTP probe failed with statuscode: 503") {
			return fmt.Errorf("the message is %q", message)
		}
		return nil
	})
	if again := lookAt(t, "https://"+dead.Env["POD_IP"]+":10250"); again.Pid == dead.Pid {
		t.Errorf("the process is still the same: %d", again.Pid)
	}
}

func TestADeletedPodServesDuringItsGraceAndIsThenGone(t *testing.T) {
	ns, url := serve(t, "run-delete")
	first := lookAt(t, url)
	if err := shared(t).Client().CoreV1().Pods(ns).Delete(t.Context(), first.Env["POD_NAME"], metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says that it is not ready, and answers", 5*time.Second, func(ctx context.Context) error {
		pod, err := shared(t).Client().CoreV1().Pods(ns).Get(ctx, first.Env["POD_NAME"], metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if cluster.PodReady(pod) {
			return errors.New("it is Ready")
		}
		_, err = call(ctx, http.MethodGet, "https://"+first.Env["POD_IP"]+":10250")
		return err
	})
	eventually(t, "the Pod is gone, and another one is Ready", 15*time.Second, func(ctx context.Context) error {
		list, err := shared(t).Client().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, pod := range list.Items {
			if pod.Name == first.Env["POD_NAME"] {
				return errors.New("it is still there")
			}
		}
		return readyReplicas(ctx, t, ns, 2)
	})
	if err := syscall.Kill(first.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("its process: %v, want none", err)
	}
}

func readyReplicas(ctx context.Context, t *testing.T, namespace string, want int32) error {
	d, err := shared(t).Client().AppsV1().Deployments(namespace).Get(ctx, "crest", metav1.GetOptions{})
	if err == nil && d.Status.ReadyReplicas != want {
		err = fmt.Errorf("%d Pods are Ready", d.Status.ReadyReplicas)
	}
	return err
}

// job is a Job whose container ends with a code; it waits for a ConfigMap.
const job = `
apiVersion: batch/v1
kind: Job
metadata: {name: %[2]s, namespace: %[1]s}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {app.kubernetes.io/name: crest}}
    spec:
      restartPolicy: Never
      containers:
      - name: crest
        image: none
        args: [exit, "%[3]d"]
        terminationMessagePolicy: FallbackToLogsOnError
        env:
        - {name: CREST_TEST_PART, value: container}
        - {name: KEY, valueFrom: {configMapKeyRef: {name: late, key: key}}}
%[4]s
`

func TestJobsEndAsTheirContainersDo(t *testing.T) {
	c := running(t)
	ns := namespace(t, "run-job")
	apply(t, fmt.Sprintf(job, ns, "good", 0, ""))
	apply(t, fmt.Sprintf(job, ns, "bad", 3, ""))
	pods(t, ns, 2, says("CreateContainerConfigError", `configmaps "late" not found`))
	apply(t, fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: late, namespace: %s}, data: {key: x}}", ns))
	for name, condition := range map[string]string{"good": "Complete", "bad": "Failed"} {
		if _, err := c.Kubectl(t.Context(), "-n", ns, "wait", "--for=condition="+condition, "--timeout=20s", "job/"+name); err != nil {
			t.Error(err)
		}
	}
	if out, err := c.Kubectl(t.Context(), "-n", ns, "logs", "--tail=1", "job/bad"); err != nil || out != "leaving with 3\n" {
		t.Errorf("kubectl logs prints %q, %v", out, err)
	}
	for _, pod := range pods(t, ns, 2, func(*corev1.Pod) error { return nil }) {
		ended := pod.Status.ContainerStatuses[0].State.Terminated
		if ended == nil || strings.HasPrefix(pod.Name, "bad") && (ended.ExitCode != 3 || ended.Message != "leaving with 3") {
			t.Errorf("%s ended so: %+v", pod.Name, ended)
		}
	}
}

func TestWhatIsNotPlayedIsRefusedAndSaid(t *testing.T) {
	running(t)
	ns := namespace(t, "run-refused")
	apply(t, fmt.Sprintf(job, ns, "init", 0, "      initContainers: [{name: first, image: none}]"))
	apply(t, fmt.Sprintf(job, ns, "shell", 0, "        command: [/bin/sh]"))
	apply(t, fmt.Sprintf(job, ns, "host", 0, "      volumes: [{name: all, hostPath: {path: /}}]"))
	pods(t, ns, 3, func(pod *corev1.Pod) error {
		want := map[string]string{"init": "init container first", "shell": "no shell", "host": "the volume all is of a kind"}
		name, _, _ := strings.Cut(pod.Name, "-")
		return says("CreateContainerConfigError", want[name])(pod)
	})
}

// says is an error unless the container of a Pod waits for a reason.
func says(reason, message string) func(*corev1.Pod) error {
	return func(pod *corev1.Pod) error {
		if len(pod.Status.ContainerStatuses) != 1 {
			return errors.New("it says nothing of its container")
		}
		waiting := pod.Status.ContainerStatuses[0].State.Waiting
		if waiting == nil || waiting.Reason != reason || !strings.Contains(waiting.Message, message) {
			return fmt.Errorf("its container is in the state %+v, want %s: %s", pod.Status.ContainerStatuses[0].State, reason, message)
		}
		return nil
	}
}
