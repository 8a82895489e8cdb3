// Package certificate makes Crest's serving certificate and the CA that signs
// it, keeps both in one Secret, and renews them before they end, so that no
// answer fails and nothing restarts.
//
// What to do is decided by a pure function of the Secret's content, of what
// callers trust, and of the time (Policy.Next); it takes one step at a time:
//
//	MakeCA      nothing in the Secret can sign, and what is served is no good
//	IssueLeaf   two thirds of the serving certificate's life are over, or it is no good
//	AddNextCA   two thirds of the CA's life are over: callers are to trust the next one too
//	SwitchLeaf  callers have trusted the next CA for long enough: it signs from now on
//	DropOldCA   the last certificate of the old CA has ended: callers may forget it
//
// A caller so trusts a CA before it meets a certificate of it, and as long as
// it may meet one, also at a replica that is cut off from the API server.
//
// Every replica does the same by itself (Rotator). An update names the version
// of the Secret that it replaces, so of two replicas one wins and the other
// reads what the first one wrote. What is served comes from the watch of the
// Secret alone, in the replica that wrote it too.
package certificate
