// Package large shows that one namespace with thousands of Pods is nothing
// special: metrics-server is read in one LIST a namespace, and so in the largest
// answer that Crest ever decodes. It has a control plane of its own, and takes
// about two minutes, most of them to make the Pods.
package large
