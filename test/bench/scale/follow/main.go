// Command follow does nothing but follow the Pods and HPAs of a cluster, and so is what Crest cannot be faster or
// smaller than. With -keep=all it keeps the objects as a plain program does, with -keep=used only what Crest uses of
// them. It tells when it has them all, and stays until it is ended.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "The kubeconfig file.")
	keep := flag.String("keep", "all", "What is kept of an object: all or used.")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := follow(ctx, *kubeconfig, *keep)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "follow:", err)
		os.Exit(1)
	}
}

func follow(ctx context.Context, kubeconfig, keep string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	var options []informers.SharedInformerOption
	switch keep {
	case "all":
	case "used":
		options = append(options, informers.WithTransform(trim))
	default:
		return fmt.Errorf("-keep=%s: want all or used", keep)
	}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, options...)
	pods, hpas := factory.Core().V1().Pods().Informer(), factory.Autoscaling().V2().HorizontalPodAutoscalers().Informer()
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	if !cache.WaitForCacheSync(ctx.Done(), pods.HasSynced, hpas.HasSynced) {
		return ctx.Err()
	}
	if _, err := fmt.Fprintf(os.Stdout, "%d Pods, %d HPAs\n", len(pods.GetStore().ListKeys()), len(hpas.GetStore().ListKeys())); err != nil {
		return err
	}
	// What the list has left behind is not what is kept.
	runtime.GC()
	runtime.GC()
	<-ctx.Done()
	return nil
}
