package inventory

import (
	"context"
	"sync/atomic"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
)

// maxNote is the length that the API server accepts of an Event's message.
const maxNote = 1024

// events writes Events while it runs. client-go's broadcaster queues
// them, drops them when the queue is full, limits their rate and combines
// similar ones; so writing never blocks.
type events struct {
	client   kubernetes.Interface
	recorder atomic.Pointer[record.EventRecorderLogger]
}

// start begins to write; stop ends it.
func (e *events) start(ctx context.Context) (stop func()) {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: e.client.CoreV1().Events("")})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "crest"})
	e.recorder.Store(&recorder)
	return func() {
		e.recorder.Store(nil)
		broadcaster.Shutdown()
	}
}

// write writes an Event about an object.
func (e *events) write(about *corev1.ObjectReference, eventType, reason, note string) {
	recorder := e.recorder.Load()
	if recorder == nil {
		return
	}
	(*recorder).Event(about, eventType, reason, shortened(note))
}

// shortened is a note that the API server accepts: cut between two characters,
// since half of one is not text.
func shortened(note string) string {
	if len(note) <= maxNote {
		return note
	}
	end := maxNote - len("…")
	for !utf8.RuneStart(note[end]) {
		end--
	}
	return note[:end] + "…"
}

func hpaReference(hpa types.NamespacedName, uid types.UID) *corev1.ObjectReference {
	return &corev1.ObjectReference{
		APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler",
		Namespace: hpa.Namespace, Name: hpa.Name, UID: uid,
	}
}
