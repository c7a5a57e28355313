// Package host is the real world on one host: a whole cluster of machines, processes, disks and containers, and its faults.
//
// The contract:
//
//  1. [Up] makes a cluster whose every component is a process of its own, so that SIGKILL and SIGSTOP are real, and whose
//     every machine has a network of its own, so that partitions are. It returns when the API answers, all Nodes are ready, every machine
//     has rules of services, and a pod can be made: each has a service account, and finds its token.
//  2. [Cluster.Close] removes all of it, and so does an Up that fails, at whatever point. After a killed run [CleanCommand],
//     or the next Up, does.
//  3. A process that dies is started again, with a line that says so. Containers survive the end of containerd and kubelet.
//  4. Faults bite, and what they did can be read back: see [machine.Cut], [disk.Counters], [process.Process].
//  5. What cannot work is refused with one line that names what is missing, and nothing is left behind.
//  6. There is one cluster per host: the lock of package machine is held from Up to Close.
//  7. Each component has an identity of its own and no more rights than it needs: the API servers authorize (Node,RBAC). The administrator's
//     kubeconfig is that of kubernetes-admin, in system:masters, who may do everything. Identities bind those who keep to them: every process is root
//     on this host, and the authority's key lies where kubelets make their serving certificates. etcd trusts an authority of its own, so that
//     no certificate of the cluster's opens it.
//  8. A service is reached from every pod and machine, at its address and, if it has one, at its port of every machine, control planes too: each
//     machine has a proxy. The host has none: it reaches ports of machines only.
//  9. [Cluster.Pod] tells where the network of a pod is, by the word of its runtime: with [machine.In], who runs the cluster sees what the pod would see.
//
// What lies where, in a cluster of one control plane and one worker:
//
//	DIR/version, pki/, pki/etcd/, tokens.csv, admin.kubeconfig, images.tar
//	DIR/control-1/disk/                        backing of the disk under etcd
//	DIR/worker-1/containerd/, kubelet/         images, volumes
//	DIR/MACHINE/COMPONENT.log, COMPONENT.kubeconfig
//	/run/orrery/MACHINE/                       sockets and mounts; their paths must be short
//
// The parts are packages of their own: machine (namespaces, cuts), process (supervision), disk (FUSE), image, containerd,
// etcd, sweep (removal), tools (what is built into bin/).
//
// A worker can be lost for good ([Cluster.Lose]); with Config.Standby, scheduler and controllers run twice, and [Cluster.Leader] tells which of them act.
//
// **Not done**: several hosts; several clusters on one host; new machines for a running cluster.
//
// Sources: network_namespaces(7), cgroups(7), mount_namespaces(7); kind and kubeadm, for what a node is made of.
package host
