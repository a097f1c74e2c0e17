package ucan

import (
	"strings"

	"github.com/ipfs/go-cid"
)

// Validate checks an invocation and its chain of proofs, root first, at a time in Unix seconds.
func Validate(invocation *Token, container Container, resolver Resolver, now int64) error {
	if err := checkToken(invocation, "invocation", ToInvoke, resolver, now); err != nil {
		return err
	}
	chain, err := proofs(invocation, container)
	if err != nil {
		return err
	}
	subject, authority := invocation.Text("sub"), invocation.Text("sub")
	command := "/"
	var policy []any
	for at, proof := range chain {
		if err := checkToken(proof, "proof", ToDelegate, resolver, now); err != nil {
			return err
		}
		if from, has := proof.Payload["nbf"].(int64); has && from != 0 && now <= from {
			return named("TooEarly", "proof %q is not valid before %d", proof.Link, from)
		}
		if at == 0 && proof.Payload["sub"] == nil {
			return named("InvalidClaim", "root delegation subject is null")
		}
		if about := proof.Payload["sub"]; about != nil && about != subject {
			return named("InvalidSubject", "delegation %q subject is %q not %q", proof.Link, about, subject)
		}
		if proof.Text("iss") != authority {
			return named("InvalidAudience", "delegation %q issuer is %q not %q", proof.Link, authority, proof.Text("iss"))
		}
		authority = proof.Text("aud")
		switch next := proof.Text("cmd"); {
		case proves(command, next):
			command = next
		case !proves(next, command):
			return named("ImpossibleAttenuation", "cannot attenuate capability from command %s to command %s", command, next)
		}
		statements, _ := proof.Payload["pol"].([]any)
		policy = append(policy, statements...)
	}
	if issuer := invocation.Text("iss"); authority != issuer {
		if len(chain) == 0 {
			return named("InvalidClaim", "invocation %s is not issued by subject and has no proofs", invocation.Link)
		}
		return named("InvalidAudience", "invocation %q issuer is %q not %q", invocation.Link, authority, issuer)
	}
	if !proves(command, invocation.Text("cmd")) {
		return named("ImpossibleAttenuation", "capability command %s does not prove given command %s", command, invocation.Text("cmd"))
	}
	return satisfied(policy, invocation.Payload["args"])
}

func checkToken(token *Token, what, relationship string, resolver Resolver, now int64) error {
	if err := resolver.verify(token, relationship); err != nil {
		return err
	}
	if until, ends := token.Payload["exp"].(int64); ends && until <= now {
		return named("Expired", "%s %q has expired on %d", what, token.Link, until)
	}
	return nil
}

func proofs(invocation *Token, container Container) ([]*Token, error) {
	held := map[cid.Cid]*Token{}
	for _, one := range container.Find(KindDelegation) {
		held[one.Link] = one
	}
	links, _ := invocation.Payload["prf"].([]any)
	var chain []*Token
	for _, one := range links {
		name, _ := one.(cid.Cid)
		proof, has := held[name]
		if !has {
			return nil, named("UnavailableProof", "linked proof %q could not be resolved: proof not found in container", name)
		}
		chain = append(chain, proof)
	}
	return chain, nil
}

// proves says whether whoever may do one command may do another.
func proves(held, asked string) bool {
	return held == asked || held == "/" || strings.HasPrefix(asked, held+"/")
}
