package etcd

import (
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger writes warnings and errors to w, one line each.
//
// etcd ends the process with a fatal log line where its data directory is not what it expects. Here that is a panic,
// which Start turns into its error: a library does not end the process of its user.
func newLogger(w io.Writer) *zap.Logger {
	if w == nil {
		w = io.Discard
	}
	encoding := zap.NewProductionEncoderConfig()
	encoding.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(encoding), zapcore.Lock(zapcore.AddSync(w)), zap.WarnLevel)
	return zap.New(core, zap.WithFatalHook(zapcore.WriteThenPanic))
}
