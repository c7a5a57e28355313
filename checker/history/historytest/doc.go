// Package historytest writes small histories in a few words, for the tests of checkers.
//
// One line per line of the trace: its time, who, and what.
//
//	header {"expect":{"writes":1}}             the header, as JSON; first, if at all
//	held 3 /registry/pods/default/a uid=u      the header's initial state, at revision 3
//	1 a put /registry/pods/default/a expect=0 hash=h     client a calls the store
//	1 a update pods/default/a rv=3 uid=u       client a calls the API; also body={...}, match=, labels=, fields=, limit=, continue=
//	2 log 4 /registry/pods/default/a prev=3 hash=h       the observer; also deleted, uid=, json={...}
//	3 a ok rv=4 rev=4 swapped                  client a's return: object's and answer's revision; also items=default/a@4,default/b@3, count=, continue=, name=
//	3 a failed Conflict                        or: 3 a unknown
//	{"t":4,"p":"x","phase":{"name":"end"}}     any line, as JSON
//
// Times are nanoseconds. Empty lines and what follows a # are skipped.
//
// **Not done**: lines of steps, containers and faults have no short form: they are written as JSON.
//
// Sources: datadriven, for the form of its arguments.
package historytest
