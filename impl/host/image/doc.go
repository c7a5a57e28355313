// Package image makes container images out of our own static programs, and archives of them that containerd imports.
//
// The contract:
//
//  1. The same programs give the same bytes, wherever and whenever: digests can be compared.
//  2. An image is one layer with one program, which is its entry point. There is no shell in it: the programs themselves
//     know what tests want to execute.
//
// pause is the process of a pod's sandbox, testserver the container of tests; see their own documentation.
//
// **Not done**: images for other platforms than the one it runs on; images of more than one layer.
//
// Sources: OCI image specification 1.1, containerd's docs on the names of imported images.
package image
