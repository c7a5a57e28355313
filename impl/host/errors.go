package host

import "errors"

// ErrBusy: another cluster runs on this host.
var ErrBusy = errors.New("another orrery cluster is running on this host")
