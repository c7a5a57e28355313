package tidy

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// excuse is how a comment vouches for a loop over a map; a reason has to follow.
const excuse = "// order does not matter: "

// rangeStmt judges a loop: if it goes over a map, the map's order must not leak.
func (d *determinism) rangeStmt(r *ast.RangeStmt) {
	if !d.overMap(r.X) || (blank(r.Key) && blank(r.Value)) {
		return
	}
	if why, excused := strings.CutPrefix(d.comments[d.fset.Position(r.Pos()).Line-1], excuse); excused && strings.TrimSpace(why) != "" {
		return
	}
	if d.onlyOwnKeys(r) || d.onlyCollects(r) {
		return
	}
	d.report(r.Pos(), "the order of a map leaks: sort the keys, or say above the loop %q", excuse+"...")
}

// overMap reports whether x is a map, or an iterator over one.
func (d *determinism) overMap(x ast.Expr) bool {
	if call, ok := x.(*ast.CallExpr); ok {
		if s, ok := call.Fun.(*ast.SelectorExpr); ok && d.is(s, "maps") && slices.Contains([]string{"All", "Keys", "Values"}, s.Sel.Name) {
			return true
		}
	}
	t := d.types.Info.TypeOf(x)
	if t == nil {
		return false
	}
	if p, ok := t.(*types.TypeParam); ok {
		t = p.Constraint()
	}
	_, isMap := t.Underlying().(*types.Map)
	return isMap
}

func blank(e ast.Expr) bool {
	name, ok := e.(*ast.Ident)
	return e == nil || ok && name.Name == "_"
}

// onlyOwnKeys reports whether the loop does nothing but m[key] = ... and delete(m, key): each key is met once, so that no
// iteration sees what another did.
func (d *determinism) onlyOwnKeys(r *ast.RangeStmt) bool {
	key, ok := r.Key.(*ast.Ident)
	if !ok || key.Name == "_" {
		return false
	}
	return every(r.Body.List, func(s ast.Stmt) bool {
		switch s := s.(type) {
		case *ast.AssignStmt:
			return len(s.Lhs) == 1 && indexedBy(s.Lhs[0], key.Name)
		case *ast.ExprStmt:
			call, ok := s.X.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return false
			}
			fun, ok := call.Fun.(*ast.Ident)
			arg, isName := call.Args[1].(*ast.Ident)
			return ok && fun.Name == "delete" && isName && arg.Name == key.Name
		}
		return false
	})
}

func indexedBy(e ast.Expr, key string) bool {
	index, ok := e.(*ast.IndexExpr)
	if !ok {
		return false
	}
	name, ok := index.Index.(*ast.Ident)
	return ok && name.Name == key
}

// onlyCollects reports whether the loop does nothing but append to slices each of which is sorted after the loop, in the
// same function.
func (d *determinism) onlyCollects(r *ast.RangeStmt) bool {
	var into []string
	collects := every(r.Body.List, func(s ast.Stmt) bool {
		name, ok := appendedTo(s)
		into = append(into, name)
		return ok
	})
	return collects && !slices.ContainsFunc(into, func(name string) bool { return !d.sortedAfter(r, name) })
}

// every reports whether all statements, those inside ifs included, are as wanted; a continue and an if's own short
// statement do not count.
func every(list []ast.Stmt, wanted func(ast.Stmt) bool) bool {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.IfStmt:
			if !every(s.Body.List, wanted) {
				return false
			}
			if s.Else != nil && !every([]ast.Stmt{s.Else}, wanted) {
				return false
			}
		case *ast.BlockStmt:
			if !every(s.List, wanted) {
				return false
			}
		case *ast.BranchStmt:
			if s.Tok.String() != "continue" {
				return false
			}
		default:
			if !wanted(s) {
				return false
			}
		}
	}
	return true
}

// appendedTo recognises x = append(x, ...).
func appendedTo(s ast.Stmt) (string, bool) {
	a, ok := s.(*ast.AssignStmt)
	if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
		return "", false
	}
	call, ok := a.Rhs[0].(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", false
	}
	fun, ok := call.Fun.(*ast.Ident)
	to := types.ExprString(a.Lhs[0])
	return to, ok && fun.Name == "append" && types.ExprString(call.Args[0]) == to
}

// sortedAfter looks for slices.Sort...(name...) or sort.X(name...) behind the loop.
func (d *determinism) sortedAfter(r *ast.RangeStmt, name string) bool {
	sorted := false
	ast.Inspect(d.function, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || call.Pos() < r.End() || len(call.Args) == 0 {
			return true
		}
		fun, ok := call.Fun.(*ast.SelectorExpr)
		if ok && (d.is(fun, "sort") || d.is(fun, "slices") && strings.HasPrefix(fun.Sel.Name, "Sort")) {
			sorted = sorted || types.ExprString(call.Args[0]) == name
		}
		return true
	})
	return sorted
}
