package checker

import (
	"context"

	"orrery/checker/converge"
	"orrery/checker/history"
	"orrery/checker/invariant"
	"orrery/checker/linear"
	"orrery/checker/refine"
	"orrery/checker/requests"
	"orrery/checker/verdict"
	"orrery/checker/watch"
	"orrery/checker/wellformed"
)

// Checkers are all checkers, in the order in which they judge.
func Checkers() []verdict.Checker {
	return []verdict.Checker{
		wellformed.Checker{},
		linear.Checker{},
		watch.Checker{},
		invariant.Checker{},
		refine.Checker{},
		converge.Checker{},
		requests.Checker{},
	}
}

// Judge asks all checkers. It ends soon after ctx does, with an Unknown for what was not judged.
func Judge(ctx context.Context, h *history.History, limits verdict.Limits) verdict.Report {
	return Ask(ctx, h, limits, Checkers()...)
}

// Ask asks these checkers.
func Ask(ctx context.Context, h *history.History, limits verdict.Limits, checkers ...verdict.Checker) verdict.Report {
	var report verdict.Report
	illegal := ""
	for _, c := range checkers {
		named := verdict.Named{Checker: c.Name(), Skipped: illegal}
		switch {
		case illegal != "":
		case ctx.Err() != nil:
			named.Unknown = []string{"the time was up before this was judged"}
		default:
			named.Result = c.Check(ctx, h, limits)
		}
		if len(named.Findings) > 0 {
			illegal = c.Name()
		}
		report.Results = append(report.Results, named)
	}
	return report
}
