// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SAg: what a member says that it can do, and what the key server makes of it
 * (RFC 9838 section 4.3; wire profile).
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Above the bits of transforms. */
#define CAN_SN(sn) (1u << (31 - (sn)))
#define EVERYTHING UINT32_MAX

/* ------------------------------------------------------------------- member */

static struct gikev2_transform *add_proposal(struct gikev2 *engine,
					     struct gikev2_proposal *proposal,
					     uint8_t protocol, size_t count)
{
	struct gikev2_transform *transforms =
		gikev2_arena_alloc(&engine->arena, count * sizeof(*transforms));

	/* no dependencies between protocols: one number for all of them */
	proposal->number = 1;
	proposal->protocol = protocol;
	proposal->transforms =
		(struct gikev2_list){ transforms, transforms ? count : 0 };
	return transforms;
}

/* Auth algos, as INTEG transforms with private IDs. */
static void offer_algorithms(struct gikev2 *engine,
			     struct gikev2_proposal *proposal, uint8_t protocol,
			     uint32_t algorithms)
{
	struct gikev2_transform *transform = add_proposal(
		engine, proposal, protocol, __builtin_popcount(algorithms));

	for (uint16_t algo = 1; transform && algo <= KEYTABLE_AUTH_ALGO_MAX;
	     algo++) {
		if (!(algorithms & KEYTABLE_ALGO_BIT(algo)))
			continue;
		transform->type = GIKEV2_XF_INTEG;
		transform->id = KEYTABLE_SAG_INTEG_BASE + algo;
		transform++;
	}
}

static void offer_transforms(struct gikev2 *engine,
			     struct gikev2_proposal *proposal, uint8_t protocol,
			     uint32_t algorithms)
{
	static const uint16_t sns[] = { KEYTABLE_SN_UNSPECIFIED,
					KEYTABLE_SN_SEQUENTIAL };
	const struct keytable_transform *table;
	struct gikev2_transform *transform;
	size_t count;

	table = keytable_transforms(&count);
	transform =
		add_proposal(engine, proposal, protocol,
			     __builtin_popcount(algorithms) + ARRAY_LEN(sns));
	for (size_t i = 0; transform && i < count; i++) {
		if (!(algorithms & keytable_transform_bit(&table[i])))
			continue;
		transform->type = table[i].type;
		transform->id = table[i].id;
		gikev2_key_length_add(engine, transform, table[i].key_bits);
		transform++;
	}
	for (size_t i = 0; transform && i < ARRAY_LEN(sns); i++) {
		transform[i].type = GIKEV2_XF_SN;
		transform[i].id = sns[i];
	}
}

/*
 * What we can do in plain AH or ESP: SAg has no selectors, so it is what we
 * can do with each of our IPsec protocols.
 */
static uint32_t plain_algorithms(const struct gikev2_member_config *config,
				 uint8_t wire)
{
	uint32_t algorithms = keytable_protocol_by_wire(wire)->algorithms;
	bool ipsec = false;

	for (size_t i = 0; i < config->offer_count; i++) {
		const struct gikev2_offer *offer = &config->offers[i];

		if (keytable_protocol_by_wire(offer->protocol)->applier !=
		    KEYTABLE_APPLY_IPSEC)
			continue;
		ipsec = true;
		algorithms &= offer->algorithms;
	}
	return ipsec ? algorithms : 0;
}

void gikev2_sag_add(struct gikev2 *engine, struct gikev2_payloads *payloads,
		    const struct gikev2_member_config *config, bool profile)
{
	static const uint8_t plain[] = { GIKEV2_PROTO_ESP, GIKEV2_PROTO_AH };
	struct gikev2_payload *sag =
		gikev2_payload_add(payloads, GIKEV2_PLD_SA);
	size_t room = 1 + config->offer_count + ARRAY_LEN(plain);
	struct gikev2_proposal *proposal =
		gikev2_arena_alloc(&engine->arena, room * sizeof(*proposal));
	size_t count = 0;

	if (!proposal)
		return;
	proposal[count].number = 1;
	proposal[count].protocol = GIKEV2_PROTO_GIKE_UPDATE;
	gikev2_kek_offer(engine, &proposal[count++].transforms);
	for (size_t i = 0; profile && i < config->offer_count; i++) {
		const struct gikev2_offer *offer = &config->offers[i];
		bool ipsec =
			keytable_protocol_by_wire(offer->protocol)->applier ==
			KEYTABLE_APPLY_IPSEC;

		(ipsec ? offer_transforms
		       : offer_algorithms)(engine, &proposal[count++],
					   offer->protocol, offer->algorithms);
	}
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		uint32_t algorithms = plain_algorithms(config, plain[i]);

		if (algorithms)
			offer_transforms(engine, &proposal[count++], plain[i],
					 algorithms);
	}
	sag->sa.proposals = (struct gikev2_list){ proposal, count };
}

/* --------------------------------------------------------------- key server */

/* The place of a protocol in the key table; -1: not there. */
static int place_of(uint8_t wire)
{
	size_t count;
	const struct keytable_protocol *table = keytable_protocols(&count);
	const struct keytable_protocol *entry = keytable_protocol_by_wire(wire);

	return entry ? (int)(entry - table) : -1;
}

static uint32_t bit_of(const struct keytable_protocol *protocol,
		       const struct gikev2_transform *transform)
{
	const struct keytable_transform *known;
	const struct gikev2_attr *attr;
	int ret;

	if (protocol->applier == KEYTABLE_APPLY_KEYCHAIN) {
		uint16_t algo = transform->id - KEYTABLE_SAG_INTEG_BASE;

		return transform->type == GIKEV2_XF_INTEG &&
				       algo <= KEYTABLE_AUTH_ALGO_MAX
			       ? KEYTABLE_ALGO_BIT(algo) & protocol->algorithms
			       : 0;
	}
	if (transform->type == GIKEV2_XF_SN)
		return transform->id <= KEYTABLE_SN_UNSPECIFIED
			       ? CAN_SN(transform->id)
			       : 0;
	ret = gikev2_attr_find(&transform->attrs, GIKEV2_ATTR_KEY_LENGTH, true,
			       &attr);
	if (ret < 0)
		return 0;
	known = keytable_transform_find(transform->type, transform->id,
					ret ? attr->value : 0);
	return known ? keytable_transform_bit(known) : 0;
}

/*
 * Proposals of one number belong together: what is taken from one binds to
 * the others of that number (RFC 9838 section 4.3).
 */
static void read_number(const struct gikev2_pld_sa *sag, uint8_t number,
			struct gikev2_abilities *can)
{
	const struct gikev2_proposal *proposal = sag->proposals.items;

	memset(can->algorithms, 0, sizeof(can->algorithms));
	can->listed = 0;
	for (size_t i = 0; i < sag->proposals.count; i++, proposal++) {
		const struct gikev2_transform *t = proposal->transforms.items;
		int place = place_of(proposal->protocol);

		if (proposal->number != number || place < 0)
			continue;
		can->listed |= 1u << place;
		for (size_t j = 0; j < proposal->transforms.count; j++)
			can->algorithms[place] |= bit_of(
				keytable_protocol_by_wire(proposal->protocol),
				&t[j]);
	}
}

uint8_t gikev2_wire_protocol(const struct keytable_row *row, bool plain)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(row->protocol);

	if (!plain || protocol->applier != KEYTABLE_APPLY_IPSEC)
		return row->protocol;
	return row->ipsec.suite.encr ? GIKEV2_PROTO_ESP : GIKEV2_PROTO_AH;
}

/* Can it be said at all to that member?  -1: no; else a place in the table. */
static int said_as(const struct gikev2_abilities *can,
		   const struct keytable_row *row)
{
	uint8_t wire = gikev2_wire_protocol(row, can->plain);

	/* private numbers, and whose SA it is, only in our own form */
	if (can->plain && (wire == row->protocol || row->ipsec.sender))
		return -1;
	return place_of(wire);
}

bool gikev2_can(const struct gikev2_abilities *can,
		const struct keytable_row *row)
{
	int place = said_as(can, row);
	uint32_t needed = row->algorithm
				  ? KEYTABLE_ALGO_BIT(row->algorithm)
				  : keytable_suite_bits(&row->ipsec.suite) |
					    CAN_SN(row->ipsec.sn);

	return place >= 0 && (can->algorithms[place] & needed) == needed;
}

bool gikev2_lists(const struct gikev2_abilities *can,
		  const struct keytable_row *row)
{
	int place = said_as(can, row);

	return place >= 0 && can->listed & 1u << place;
}

/* Any of the choices that the group has for the protocol. */
static bool can_any(const struct gikev2_abilities *can,
		    const struct gikev2_group_protocol *protocol)
{
	struct keytable_row row;

	for (size_t i = 0; i <= protocol->fallback_count; i++) {
		gikev2_policy_sample(protocol, i, &row);
		if (gikev2_can(can, &row))
			return true;
	}
	return false;
}

/* Each protocol of the group that it listed, and one at least. */
static int match(const struct gikev2_abilities *can,
		 const struct gikev2_group_config *config)
{
	int ret = -GIKEV2_ERR_NO_PROPOSAL;

	for (size_t i = 0; i < config->protocol_count; i++) {
		const struct gikev2_group_protocol *p = &config->protocols[i];
		struct keytable_row row;

		/* in plain form, whether it is listed depends on AH or ESP */
		for (size_t j = 0; j <= p->fallback_count; j++) {
			gikev2_policy_sample(p, j, &row);
			if (!gikev2_lists(can, &row))
				continue;
			if (!can_any(can, p))
				return -GIKEV2_ERR_NO_PROPOSAL;
			ret = 0;
		}
	}
	return ret;
}

int gikev2_sag_match(const struct gikev2_pld_sa *sag,
		     const struct gikev2_group_config *config,
		     struct gikev2_abilities *can)
{
	const struct gikev2_proposal *proposal;
	uint8_t tried = 0;

	if (!sag) {
		memset(can->algorithms, 0xff, sizeof(can->algorithms));
		can->listed = EVERYTHING;
		return match(can, config);
	}
	proposal = sag->proposals.items;
	for (size_t i = 0; i < sag->proposals.count; i++, proposal++) {
		uint8_t number = proposal->number;

		if (i && number == tried)
			continue;
		tried = number;
		read_number(sag, number, can);
		if (config->rekey.destination.family &&
		    !gikev2_kek_match(sag, number, &config->rekey))
			continue;
		if (match(can, config) == 0)
			return 0;
	}
	return -GIKEV2_ERR_NO_PROPOSAL;
}
