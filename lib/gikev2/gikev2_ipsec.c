// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec SAs in GSA policies: transforms and traffic selectors against rows of
 * the key table (RFC 9838 section 4.4.2; wire profile).
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

/* --------------------------------------------------------- traffic selectors */

/* The addresses of a prefix, any port (RFC 7296 section 3.13.1). */
static void put_ts(struct gikev2_ts *ts, uint8_t family, const uint8_t *prefix,
		   uint8_t bits, uint8_t ip_protocol)
{
	size_t len = family == KEYTABLE_IPV4 ? 4 : 16;

	*ts = (struct gikev2_ts){
		.type = len == 4 ? GIKEV2_TS_IPV4 : GIKEV2_TS_IPV6,
		.protocol = ip_protocol,
		.end_port = UINT16_MAX,
	};
	for (size_t i = 0; i < len; i++) {
		size_t fixed = bits > 8 * i ? bits - 8 * i : 0;
		uint8_t open = fixed < 8 ? 0xff >> fixed : 0;

		ts->start[i] = prefix[i];
		ts->end[i] = prefix[i] | open;
	}
}

static void put_selectors(const struct keytable_protocol *protocol,
			  const struct keytable_selector *selector,
			  struct gikev2_policy *policy)
{
	put_ts(&policy->source, selector->family, selector->source,
	       selector->source_bits, protocol->ip_protocol);
	put_ts(&policy->destination, selector->family, selector->destination,
	       selector->destination_bits, protocol->ip_protocol);
}

static bool same_ts(const struct gikev2_ts *a, const struct gikev2_ts *b)
{
	size_t len = a->type == GIKEV2_TS_IPV4 ? 4 : 16;

	return a->type == b->type && a->protocol == b->protocol &&
	       a->start_port == b->start_port && a->end_port == b->end_port &&
	       memcmp(a->start, b->start, len) == 0 &&
	       memcmp(a->end, b->end, len) == 0;
}

/* One address, any port. */
static bool is_single(const struct gikev2_ts *ts, uint8_t ip_protocol)
{
	size_t len = ts->type == GIKEV2_TS_IPV4 ? 4 : 16;

	return ts->protocol == ip_protocol && ts->start_port == 0 &&
	       ts->end_port == UINT16_MAX &&
	       memcmp(ts->start, ts->end, len) == 0;
}

/* An SA that all share has the sources of its protocol, another has one. */
static bool same_selectors(const struct gikev2_policy *own,
			   const struct gikev2_policy *policy, uint8_t sn)
{
	if (!same_ts(&own->destination, &policy->destination))
		return false;
	if (sn == KEYTABLE_SN_UNSPECIFIED)
		return same_ts(&own->source, &policy->source);
	return policy->source.type == own->source.type &&
	       is_single(&policy->source, own->source.protocol);
}

/* The protocol that the policy's selectors are those of; NULL: none. */
static const struct keytable_protocol *
find_protocol(const struct gikev2_policy *policy, struct keytable_ipsec *ipsec)
{
	size_t count;
	const struct keytable_protocol *table = keytable_protocols(&count);

	for (size_t i = 0; i < count * KEYTABLE_SELECTORS_MAX; i++) {
		const struct keytable_protocol *protocol =
			&table[i / KEYTABLE_SELECTORS_MAX];
		const struct keytable_selector *selector =
			&protocol->selectors[i % KEYTABLE_SELECTORS_MAX];
		struct gikev2_policy own;

		if (!selector->family)
			continue;
		put_selectors(protocol, selector, &own);
		ipsec->families = selector->family;
		if (same_selectors(&own, policy, ipsec->sn))
			return protocol;
	}
	return NULL;
}

/* ---------------------------------------------------------------- generation */

/* GSA_SENDER: whose SA it is. */
static int put_sender(struct gikev2 *engine, const struct keytable_row *row,
		      struct gikev2_policy *policy)
{
	size_t count = policy->attrs.count;
	struct gikev2_attr *attr =
		gikev2_arena_alloc(&engine->arena, (count + 1) * sizeof(*attr));
	uint8_t *octets =
		gikev2_arena_alloc(&engine->arena, GIKEV2_GSA_SENDER_LEN);

	if (!attr || !octets)
		return -GIKEV2_ERR_NO_MEMORY;
	if (count)
		memcpy(attr, policy->attrs.items, count * sizeof(*attr));
	gikev2_put_int(octets, row->ipsec.sender, GIKEV2_GSA_SENDER_LEN);
	attr[count] = (struct gikev2_attr){ .type = GIKEV2_GSA_SENDER,
					    .data = { octets,
						      GIKEV2_GSA_SENDER_LEN } };
	policy->attrs = (struct gikev2_list){ attr, count + 1 };
	return 0;
}

static int put_transforms(struct gikev2 *engine, const struct keytable_row *row,
			  struct gikev2_list *list)
{
	const struct keytable_suite *suite = &row->ipsec.suite;
	struct gikev2_transform *t =
		gikev2_arena_alloc(&engine->arena, 3 * sizeof(*t));
	size_t n = 0;

	if (!t)
		return -GIKEV2_ERR_NO_MEMORY;
	if (suite->encr) {
		t[n].type = GIKEV2_XF_ENCR;
		t[n].id = suite->encr;
		gikev2_key_length_add(engine, &t[n++], suite->encr_bits);
	}
	if (suite->integ) {
		t[n].type = GIKEV2_XF_INTEG;
		t[n++].id = suite->integ;
	}
	t[n].type = GIKEV2_XF_SN;
	t[n++].id = row->ipsec.sn;
	*list = (struct gikev2_list){ t, n };
	return 0;
}

int gikev2_ipsec_put(struct gikev2 *engine, const struct keytable_row *row,
		     bool plain, struct gikev2_policy *policy)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(row->protocol);

	int ret = put_transforms(engine, row, &policy->transforms);

	/* a policy has one destination: that of the first family */
	if (plain)
		put_selectors(protocol, &protocol->selectors[0], policy);
	if (ret == 0 && row->ipsec.sender)
		ret = put_sender(engine, row, policy);
	return ret;
}

/* ------------------------------------------------------------------- receipt */

static int take_encr(const struct gikev2_transform *t,
		     struct keytable_suite *suite)
{
	const struct gikev2_attr *attr;
	int ret = gikev2_attr_find(&t->attrs, GIKEV2_ATTR_KEY_LENGTH, true,
				   &attr);

	if (ret < 0)
		return ret;
	suite->encr = t->id;
	suite->encr_bits = ret ? attr->value : 0;
	/* that of an ENCR that is not there would read as AH */
	return t->id ? 0 : -GIKEV2_ERR_BAD_POLICY;
}

static int take(const struct gikev2_transform *t, struct keytable_ipsec *ipsec)
{
	switch (t->type) {
	case GIKEV2_XF_ENCR:
		return take_encr(t, &ipsec->suite);
	case GIKEV2_XF_INTEG:
		ipsec->suite.integ = t->id; /* NONE is none */
		return 0;
	case GIKEV2_XF_SN:
		ipsec->sn = t->id;
		return t->id == KEYTABLE_SN_SEQUENTIAL ||
				       t->id == KEYTABLE_SN_UNSPECIFIED
			       ? 0
			       : -GIKEV2_ERR_BAD_POLICY;
	}
	return -GIKEV2_ERR_BAD_POLICY;
}

/* Exactly one of each type that the SA needs (RFC 9838 section 4.4.2.1). */
static int get_transforms(const struct gikev2_policy *policy,
			  struct keytable_ipsec *ipsec)
{
	const struct gikev2_transform *t = policy->transforms.items;
	uint32_t seen = 0;

	for (size_t i = 0; i < policy->transforms.count; i++, t++) {
		uint32_t bit = t->type < 32 ? 1u << t->type : 0;
		int ret;

		if (seen & bit)
			return -GIKEV2_ERR_BAD_SYNTAX;
		seen |= bit;
		ret = take(t, ipsec);
		if (ret < 0)
			return ret;
	}
	if (!(seen & 1u << GIKEV2_XF_SN) ||
	    !keytable_suite_key_len(&ipsec->suite))
		return -GIKEV2_ERR_BAD_POLICY;
	return 0;
}

/* In plain form an address is all that there is of a sender. */
static void get_source(struct gikev2 *engine, const struct gikev2_ts *source,
		       const struct gikev2_endpoint *local,
		       struct keytable_row *row)
{
	bool v4 = source->type == GIKEV2_TS_IPV4;
	struct gikev2_id id = { .type = v4 ? GIKEV2_ID_IPV4_ADDR
					   : GIKEV2_ID_IPV6_ADDR,
				.len = v4 ? 4 : 16 };
	bool ours = local && local->family == (v4 ? 4 : 6) &&
		    memcmp(local->ip, source->start, id.len) == 0;

	memcpy(id.data, source->start, id.len);
	row->ipsec.sender = gikev2_sender_digest(engine, &id);
	row->direction = ours ? KEYTABLE_OUT : KEYTABLE_IN;
}

/* Plain AH and ESP: the selectors say what it is for. */
static int get_plain(struct gikev2 *engine, const struct gikev2_policy *policy,
		     const struct gikev2_endpoint *local,
		     struct keytable_row *row)
{
	const struct keytable_protocol *protocol =
		find_protocol(policy, &row->ipsec);
	bool esp = policy->protocol == GIKEV2_PROTO_ESP;

	if (!protocol)
		return -GIKEV2_ERR_SELECTORS;
	if (esp != (row->ipsec.suite.encr != 0))
		return -GIKEV2_ERR_BAD_POLICY;
	row->protocol = protocol->wire;
	if (row->ipsec.sn == KEYTABLE_SN_SEQUENTIAL)
		get_source(engine, &policy->source, local, row);
	return 0;
}

/* Whose SA it is: said of an SA with one sender, and of no other. */
static int get_sender(struct gikev2 *engine, const struct gikev2_policy *policy,
		      struct keytable_row *row)
{
	const struct gikev2_attr *attr;
	int ret = gikev2_attr_find(&policy->attrs, GIKEV2_GSA_SENDER, false,
				   &attr);

	if (ret < 0)
		return ret;
	if (ret != (row->ipsec.sn == KEYTABLE_SN_SEQUENTIAL))
		return -GIKEV2_ERR_BAD_POLICY;
	if (!ret)
		return 0;
	if (attr->data.len != GIKEV2_GSA_SENDER_LEN)
		return -GIKEV2_ERR_BAD_ATTRIBUTE;
	row->ipsec.sender = gikev2_get_int(attr->data.ptr, attr->data.len);
	row->direction = row->ipsec.sender == gikev2_sender_digest(
						      engine, &engine->identity)
				 ? KEYTABLE_OUT
				 : KEYTABLE_IN;
	return row->ipsec.sender ? 0 : -GIKEV2_ERR_BAD_POLICY;
}

int gikev2_ipsec_get(struct gikev2 *engine, const struct gikev2_policy *policy,
		     const struct gikev2_endpoint *local,
		     struct keytable_row *row)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(policy->protocol);
	int ret;

	row->algorithm = 0;
	row->ipsec = (struct keytable_ipsec){ .wire = policy->protocol };
	ret = get_transforms(policy, &row->ipsec);
	if (ret < 0)
		return ret;
	if (protocol->body == KEYTABLE_BODY_SELECTORS)
		return get_plain(engine, policy, local, row);
	row->protocol = policy->protocol;
	row->ipsec.families = protocol->families;
	return get_sender(engine, policy, row);
}
