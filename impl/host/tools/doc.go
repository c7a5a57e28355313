// Package tools builds the programs that a cluster is made of into one directory.
//
// The contract:
//
//  1. Nothing of the distribution is needed but Go and, for runc, a C compiler: every program is built from a module that
//     go.mod pins.
//  2. A second [Build] is cheap: the go command sees what is up to date.
//  3. The programs of the container images are static and the same bytes wherever they are built.
//
// The layout: runc, containerd-shim-runc-v2, kubectl and orrery at the top, CNI plugins in cni/, what goes into images in
// image/.
//
// **Not done**: cross compilation.
//
// Sources: go help build; the Makefiles of runc, containerd and the CNI plugins, for what is static.
package tools
