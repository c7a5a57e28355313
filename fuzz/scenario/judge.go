package scenario

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"orrery/checker"
	"orrery/checker/history"
	"orrery/checker/report"
	"orrery/checker/verdict"
)

// Judge judges a saved trace and writes the report for people to w.
func Judge(ctx context.Context, file string, w io.Writer) (verdict.Report, error) {
	h, err := history.Load(file)
	if err != nil {
		return verdict.Report{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, judging)
	defer cancel()
	judged := checker.Judge(ctx, h, verdict.DefaultLimits)
	return judged, report.Write(w, h, judged)
}

// JudgeRun judges the trace in the folder of a run and leaves report and verdict beside it.
func JudgeRun(ctx context.Context, out string, progress io.Writer) (verdict.Report, error) {
	text, err := os.Create(filepath.Join(out, reportFile))
	if err != nil {
		return verdict.Report{}, err
	}
	defer text.Close()
	judged, err := Judge(ctx, filepath.Join(out, traceFile), text)
	if err != nil {
		return verdict.Report{}, err
	}
	if err := os.WriteFile(filepath.Join(out, verdictFile), []byte(judged.Verdict().String()+"\n"), 0o644); err != nil {
		return verdict.Report{}, err
	}
	if progress != nil {
		shown, err := os.ReadFile(filepath.Join(out, reportFile))
		if err != nil {
			return verdict.Report{}, err
		}
		fmt.Fprintf(progress, "%s\nreport and trace: %s\n", shown, out)
	}
	return judged, nil
}
