// Package workload is what the clients of a scenario do: it creates, changes and deletes a few names again and again, so
// that the same name is seen under many UIDs, and asks for what must be refused as often as for what must be granted.
//
// A [Client] is a machine without goroutine or clock: Next chooses a request, Done takes its answer. The real world
// drives it from a goroutine with a seeded source of choices, the simulated one from its steps.
//
//	kind        works on                      does
//	Registers   config maps                   create, read in every way that resourceVersion allows, update with and
//	                                          without preconditions, stale ones included, three kinds of patch,
//	                                          finalizers, delete by UID and by resourceVersion
//	Readers     config maps and pods          consistent reads, each of another API server
//	Owners      replication controllers and   create, scale by update and by subresource, pause, delete and create again
//	            replica sets
//	Accounts    service accounts and         create, delete, create again; ask for tokens; change and delete the
//	            secrets for their tokens      root certificates
//	Meddlers    pods                          relabel (release and adoption), delete with short and with stale
//	                                          preconditions, run once, bind what is bound, run what an
//	                                          owner will adopt, run on a node of their choice
//	Publishers  services and slices           create, delete and hold services, change what they select and publish;
//	                                          change, delete and take over slices, and make some that others manage
//	Robots      pods                          create and delete pods that run as a service account which comes and goes
//	Spaces      one more namespace            create and delete it, with pods, a replication controller, and config maps of which
//	                                          some are held by a finalizer
//	Shops       the pods of a service that    scale to none and back, delete them
//	            other pods ask all the time
//	Heirs       config maps of other names    create and delete with each propagation policy, own and disown each other
//
// A client that got an Unknown answer forgets what it knew of the object and reads it again; it never assumes.
//
// Who asks the service of Shops, over the network, is package fuzz/scenario; the services of Publishers carry no requests.
package workload
