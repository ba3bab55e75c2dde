// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE SA proposals: what we offer, choose and accept (RFC 7296 section 3.3).
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

/*
 * What is offered, in order of preference; a responder takes from it what the
 * initiator prefers.  AEAD needs no INTEG, so one proposal holds them all.
 */
static const struct {
	uint8_t type;
	uint16_t id, key_bits;
} offer[] = {
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 256 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 128 },
	{ GIKEV2_XF_PRF, GIKEV2_PRF_HMAC_SHA2_256, 0 },
	{ GIKEV2_XF_PRF, GIKEV2_PRF_HMAC_SHA2_384, 0 },
	{ GIKEV2_XF_PRF, GIKEV2_PRF_HMAC_SHA2_512, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_CURVE25519, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_256, 0 },
};
#define OFFER_COUNT (sizeof(offer) / sizeof(offer[0]))

static bool is_offered(uint8_t type, uint16_t id, uint16_t key_bits)
{
	for (size_t i = 0; i < OFFER_COUNT; i++)
		if (offer[i].type == type && offer[i].id == id &&
		    offer[i].key_bits == key_bits)
			return true;
	return false;
}

static void transform_fill(struct gikev2 *engine,
			   struct gikev2_transform *transform, uint8_t type,
			   uint16_t id, uint16_t key_bits)
{
	struct gikev2_attr *attr;

	transform->type = type;
	transform->id = id;
	if (!key_bits)
		return;
	attr = gikev2_arena_alloc(&engine->arena, sizeof(*attr));
	if (!attr)
		return;
	*attr = (struct gikev2_attr){ .type = GIKEV2_ATTR_KEY_LENGTH,
				      .tv = true,
				      .value = key_bits };
	transform->attrs = (struct gikev2_list){ attr, 1 };
}

/* One proposal with room for `count` transforms; NULL: arena full. */
static struct gikev2_transform *proposal_add(struct gikev2 *engine,
					     struct gikev2_payload *sa,
					     uint8_t number, size_t count)
{
	struct gikev2_proposal *proposal =
		gikev2_arena_alloc(&engine->arena, sizeof(*proposal));
	struct gikev2_transform *transforms = gikev2_arena_alloc(
		&engine->arena, count * sizeof(*transforms));

	if (!proposal || !transforms)
		return NULL;
	proposal->number = number;
	proposal->protocol = GIKEV2_PROTO_IKE;
	proposal->transforms = (struct gikev2_list){ transforms, count };
	sa->sa.proposals = (struct gikev2_list){ proposal, 1 };
	return transforms;
}

void gikev2_suite_offer(struct gikev2 *engine, struct gikev2_payload *sa)
{
	struct gikev2_transform *transform =
		proposal_add(engine, sa, 1, OFFER_COUNT);

	for (size_t i = 0; transform && i < OFFER_COUNT; i++)
		transform_fill(engine, transform++, offer[i].type, offer[i].id,
			       offer[i].key_bits);
}

void gikev2_suite_answer(struct gikev2 *engine, const struct gikev2_suite *suite,
			 struct gikev2_payload *sa)
{
	struct gikev2_transform *transform =
		proposal_add(engine, sa, suite->number, 4);

	if (!transform)
		return;
	transform_fill(engine, transform++, GIKEV2_XF_ENCR, suite->encr->id,
		       suite->encr->key_bits);
	transform_fill(engine, transform++, GIKEV2_XF_PRF, suite->prf->id, 0);
	transform_fill(engine, transform++, GIKEV2_XF_KE, suite->ke->id, 0);
	transform_fill(engine, transform, GIKEV2_XF_KWA, suite->kwa->id, 0);
}

/* The Key Length; -NO_PROPOSAL when there is an attribute we do not know. */
static int key_bits(const struct gikev2_transform *transform)
{
	const struct gikev2_attr *attr = transform->attrs.items;

	if (transform->attrs.count == 0)
		return 0;
	if (transform->attrs.count > 1 || !attr->tv ||
	    attr->type != GIKEV2_ATTR_KEY_LENGTH)
		return -GIKEV2_ERR_NO_PROPOSAL;
	return attr->value;
}

/* Takes the transform unless one of its type was taken already. */
static int take(struct gikev2_suite *suite,
		const struct gikev2_transform *transform)
{
	int bits = key_bits(transform);

	switch (transform->type) {
	case GIKEV2_XF_ENCR:
	case GIKEV2_XF_PRF:
	case GIKEV2_XF_KE:
	case GIKEV2_XF_KWA:
		break;
	case GIKEV2_XF_INTEG:
		/* NONE is how some say "AEAD" */
		if (transform->id == GIKEV2_INTEG_NONE)
			return 0;
		return -GIKEV2_ERR_NO_PROPOSAL;
	default:
		/* an unknown type makes the whole proposal unacceptable */
		return -GIKEV2_ERR_NO_PROPOSAL;
	}
	if (bits < 0 || !is_offered(transform->type, transform->id, bits))
		return 0;
	if (transform->type == GIKEV2_XF_ENCR && !suite->encr)
		suite->encr = gikev2_encr_find(transform->id, bits);
	if (transform->type == GIKEV2_XF_PRF && !suite->prf)
		suite->prf = gikev2_prf_find(transform->id);
	if (transform->type == GIKEV2_XF_KE && !suite->ke)
		suite->ke = gikev2_ke_find(transform->id);
	if (transform->type == GIKEV2_XF_KWA && !suite->kwa)
		suite->kwa = gikev2_kwa_find(transform->id);
	return 0;
}

static int try_proposal(const struct gikev2_proposal *proposal,
			struct gikev2_suite *suite)
{
	const struct gikev2_transform *transform = proposal->transforms.items;

	*suite = (struct gikev2_suite){ .number = proposal->number };
	if (proposal->protocol != GIKEV2_PROTO_IKE || proposal->spi.len)
		return -GIKEV2_ERR_NO_PROPOSAL;
	for (size_t i = 0; i < proposal->transforms.count; i++)
		if (take(suite, transform++) < 0)
			return -GIKEV2_ERR_NO_PROPOSAL;
	if (!suite->encr || !suite->prf || !suite->ke || !suite->kwa)
		return -GIKEV2_ERR_NO_PROPOSAL;
	return 0;
}

/* Responder: the first proposal, and in it the first transforms, that we do. */
int gikev2_suite_choose(const struct gikev2_pld_sa *sa,
			struct gikev2_suite *suite)
{
	const struct gikev2_proposal *proposal = sa->proposals.items;

	for (size_t i = 0; i < sa->proposals.count; i++)
		if (try_proposal(proposal++, suite) == 0)
			return 0;
	return -GIKEV2_ERR_NO_PROPOSAL;
}

/*
 * Initiator: exactly one proposal, with one transform of each type, all of
 * which we offered.
 */
int gikev2_suite_accept(const struct gikev2_pld_sa *sa,
			struct gikev2_suite *suite)
{
	const struct gikev2_proposal *proposal = sa->proposals.items;
	const struct gikev2_transform *transform = proposal->transforms.items;
	uint32_t seen = 0;

	if (sa->proposals.count != 1 || proposal->number != 1)
		return -GIKEV2_ERR_NO_PROPOSAL;
	for (size_t i = 0; i < proposal->transforms.count; i++) {
		uint32_t bit = transform[i].type < 32 ? 1u << transform[i].type
						      : 0;

		if (!bit || seen & bit)
			return -GIKEV2_ERR_NO_PROPOSAL;
		seen |= bit;
	}
	return try_proposal(proposal, suite);
}
