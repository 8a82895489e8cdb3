package inventory

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
)

// reachAgain is how soon an API server that does not answer is asked again, at
// least; at most it is twice as much.
const reachAgain = 2 * time.Second

// reach makes a call again until the API server answers it, if only to refuse
// it. The informer would do so too, but it waits longer each time, up to a
// minute: by then the HPA has scaled on an answer that is related to the Pods
// of before.
func (f *feed) reach(ctx context.Context, verb string, call func() error) error {
	for {
		err := call()
		if err == nil || answered(err) {
			return err
		}
		f.fail(ctx, verb, err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait.Jitter(reachAgain, 1)):
		}
	}
}

// answered says that an error is what an API server said.
func answered(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status)
}
