package query

// maxDepth bounds the parentheses of a filter.
const maxDepth = 100

// filterParser reads one filter and notices which of the two dialects it
// speaks: the service refuses a filter that speaks both.
type filterParser struct {
	*scanner
	words, symbols bool
	depth          int
}

// parseFilter reads up to and with the closing brace; nil means "*".
func parseFilter(s *scanner) (Filter, error) {
	if start := s.at; s.take('*') {
		if s.take('}') {
			return nil, nil
		}
		s.at = start
	}
	p := &filterParser{scanner: s}
	f, err := p.list()
	if err != nil {
		return nil, err
	}
	if p.words && p.symbols {
		return nil, s.errorf("a filter cannot mix the symbols , and ! with AND, OR, NOT and IN")
	}
	return f, s.expect('}')
}

// list reads operands with commas between them, each of which must hold.
func (p *filterParser) list() (Filter, error) {
	return p.chain(p.or, func() bool {
		if !p.take(',') {
			return false
		}
		p.symbols = true
		return true
	}, false)
}

func (p *filterParser) or() (Filter, error)  { return p.chain(p.and, p.keyword("OR"), true) }
func (p *filterParser) and() (Filter, error) { return p.chain(p.unary, p.keyword("AND"), false) }

// chain reads next (more next)* into an [Any] or an [All].
func (p *filterParser) chain(next func() (Filter, error), more func() bool, anyOf bool) (Filter, error) {
	first, err := next()
	if err != nil {
		return nil, err
	}
	operands := []Filter{first}
	for more() {
		operand, err := next()
		if err != nil {
			return nil, err
		}
		operands = append(operands, operand)
	}
	switch {
	case len(operands) == 1:
		return first, nil
	case anyOf:
		return Any(operands), nil
	default:
		return All(operands), nil
	}
}

func (p *filterParser) keyword(w string) func() bool {
	return func() bool {
		found := p.word(w)
		p.words = p.words || found
		return found
	}
}

// unary reads a negation, a parenthesis or a tag.
func (p *filterParser) unary() (Filter, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, p.errorf("nested deeper than %d", maxDepth)
	}
	not := p.keyword("NOT")()
	if !not && p.take('!') {
		not, p.symbols = true, true
	}
	if not {
		f, err := p.unary()
		return Not{f}, err
	}
	if p.take('(') {
		f, err := p.or()
		if err != nil {
			return nil, err
		}
		return f, p.expect(')')
	}
	return p.tag()
}

// tag reads "key:value", "key IN (a,b)" or "key NOT IN (a,b)".
func (p *filterParser) tag() (Filter, error) {
	key := p.run(keyByte)
	if key == "" || !letter(key[0]) {
		return nil, p.errorf("expected a tag")
	}
	if p.take(':') {
		value := p.run(valueByte)
		if value == "" {
			return nil, p.errorf("tag %q has no value", key)
		}
		return newIn(key, []string{value}), nil
	}
	not := p.keyword("NOT")()
	if !p.keyword("IN")() {
		return nil, p.errorf("expected %s:value or %s IN (...)", key, key)
	}
	values, err := p.values()
	if err != nil {
		return nil, err
	}
	if not {
		return Not{newIn(key, values)}, nil
	}
	return newIn(key, values), nil
}

// values reads "(a,b)".
func (p *filterParser) values() ([]string, error) {
	if err := p.expect('('); err != nil {
		return nil, err
	}
	var values []string
	for {
		value := p.run(valueByte)
		if value == "" {
			return nil, p.errorf("expected a value")
		}
		values = append(values, value)
		if !p.take(',') {
			return values, p.expect(')')
		}
	}
}
