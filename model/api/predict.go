package api

// Stamp is what the next write is given: the revision of the store, and, if it makes an object, a UID that was never used.
type Stamp struct{ UID, Revision uint16 }

// Answer is what the issuer of a request is told.
type Answer struct {
	Reason Reason
	// Object is the object that is shown, if the reason is OK: as it is now, or, where it was removed, as it was at last, with the revision of
	// its removal as its version (row 24).
	Object Object
}

// Predict is what a single server answers, whose cache is up to date and that does nothing else meanwhile, to a request about a name under
// which that is stored; and what is stored there then. Whoever compares a real server with it keeps an object for each name, and takes
// the stamp from what the server has made of the request: the machine's properties say what stamps are allowed.
func Predict(stored Object, q Request, stamp Stamp) (after Object, a Answer) {
	d := Decide(stored, q, stamp.UID)
	switch d.Write {
	case Put:
		d.Object.Version = stamp.Revision
		return d.Object, Answer{Object: d.Object}
	case Remove:
		d.Object.Version = stamp.Revision
		return Object{}, Answer{Object: d.Object}
	}
	return stored, Answer{d.Reason, d.Object}
}
