// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE SA proposals: what we offer, choose and accept (RFC 7296 section 3.3).
 */
#include <string.h>

#include "gikev2/gikev2_addke.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* What we do, in order of preference. */
static const struct known {
	uint8_t type;
	uint16_t id, key_bits;
} known[] = {
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 256 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_CHACHA20_POLY1305, 0 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 128 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_CBC, 256 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_CBC, 128 },
	{ GIKEV2_XF_PRF, GIKEV2_PRF_HMAC_SHA2_256, 0 },
	{ GIKEV2_XF_PRF, GIKEV2_PRF_HMAC_SHA2_384, 0 },
	{ GIKEV2_XF_PRF, GIKEV2_PRF_HMAC_SHA2_512, 0 },
	{ GIKEV2_XF_INTEG, GIKEV2_INTEG_HMAC_SHA2_256_128, 0 },
	{ GIKEV2_XF_INTEG, GIKEV2_INTEG_HMAC_SHA2_384_192, 0 },
	{ GIKEV2_XF_INTEG, GIKEV2_INTEG_HMAC_SHA2_512_256, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_CURVE25519, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_ECP_256, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_ECP_384, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_ECP_521, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_MODP_2048, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_MODP_3072, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_MODP_4096, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_256, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_192, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_128, 0 },
};

/*
 * Kinds of proposals: AEAD ciphers and others, first those that have a KWA, and
 * of these first those with additional key exchanges, which a responder that
 * does not know them must refuse.
 */
struct kind {
	bool aead, kwa, addke;
};

static const struct kind kinds[] = {
	{ .aead = true, .kwa = true, .addke = true },
	{ .aead = false, .kwa = true, .addke = true },
	{ .aead = true, .kwa = true },
	{ .aead = false, .kwa = true },
	{ .aead = true, .addke = true },
	{ .aead = false, .addke = true },
	{ .aead = true },
	{ .aead = false },
};

/* Transforms of one proposal at most. */
#define TRANSFORMS_MAX                                                         \
	(ARRAY_LEN(known) + GIKEV2_ADDKE_MAX * (GIKEV2_ADDKE_METHODS + 1))

/* Is it offered in a proposal of AEAD ciphers, or in one of the others? */
static bool belongs(const struct known *entry, bool aead)
{
	const struct gikev2_encr *encr;

	if (entry->type == GIKEV2_XF_INTEG)
		return !aead;
	if (entry->type == GIKEV2_XF_KE && !gikev2_ke_find(entry->id))
		return false;
	if (entry->type != GIKEV2_XF_ENCR)
		return true;
	encr = gikev2_encr_find(entry->id, entry->key_bits);
	return encr && (encr->icv_len > 0) == aead;
}

uint32_t gikev2_suite_bit(uint8_t type, uint16_t id, uint16_t key_bits)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].type == type && known[i].id == id &&
		    known[i].key_bits == key_bits)
			return 1u << i;
	return 0;
}

bool gikev2_suite_knows(const struct gikev2 *engine, uint8_t type, uint16_t id,
			uint16_t key_bits)
{
	return gikev2_suite_bit(type, id, key_bits) &
	       ~engine->params.suite_disabled;
}

/* -------------------------------------------------------------- generation */

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

/* Methods of each type that has any, and NONE where we can do without. */
static size_t fill_addke(struct gikev2 *engine,
			 struct gikev2_transform *transform)
{
	const struct gikev2_ke_alg *methods[GIKEV2_ADDKE_METHODS];
	struct gikev2_transform *first = transform;

	for (size_t n = 0; n < GIKEV2_ADDKE_MAX; n++) {
		size_t count = gikev2_addke_methods(engine, n, methods);
		uint8_t type = GIKEV2_XF_ADDKE1 + n;

		for (size_t i = 0; i < count; i++)
			transform_fill(engine, transform++, type,
				       methods[i]->id, 0);
		if (count && !engine->params.addke[n].mandatory)
			transform_fill(engine, transform++, type,
				       GIKEV2_KE_NONE, 0);
	}
	return transform - first;
}

static void fill_proposal(struct gikev2 *engine,
			  struct gikev2_proposal *proposal,
			  const struct kind *kind)
{
	struct gikev2_transform *transform = gikev2_arena_alloc(
		&engine->arena, TRANSFORMS_MAX * sizeof(*transform));

	proposal->protocol = GIKEV2_PROTO_IKE;
	proposal->transforms.items = transform;
	for (size_t i = 0; transform && i < ARRAY_LEN(known); i++) {
		if (engine->params.suite_disabled & 1u << i ||
		    !belongs(&known[i], kind->aead) ||
		    (known[i].type == GIKEV2_XF_KWA && !kind->kwa))
			continue;
		transform_fill(engine, transform++, known[i].type, known[i].id,
			       known[i].key_bits);
		proposal->transforms.count++;
	}
	if (transform && kind->addke)
		proposal->transforms.count += fill_addke(engine, transform);
}

static bool has(const struct gikev2 *engine, uint8_t type, bool aead)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].type == type &&
		    !(engine->params.suite_disabled & 1u << i) &&
		    belongs(&known[i], aead))
			return true;
	return false;
}

static bool offers(const struct gikev2 *engine, const struct kind *kind)
{
	if (kind->addke ? !gikev2_addke_offered(engine)
			: gikev2_addke_mandatory(engine))
		return false;
	return has(engine, GIKEV2_XF_ENCR, kind->aead) &&
	       (kind->kwa ? has(engine, GIKEV2_XF_KWA, kind->aead)
			  : engine->params.plain_ike);
}

bool gikev2_suite_possible(const struct gikev2 *engine)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (offers(engine, &kinds[i]))
			return true;
	return false;
}

/* The group that we try first; NULL: all are disabled. */
const struct gikev2_ke_alg *gikev2_suite_first_ke(const struct gikev2 *engine)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].type == GIKEV2_XF_KE &&
		    !(engine->params.suite_disabled & 1u << i) &&
		    gikev2_ke_find(known[i].id))
			return gikev2_ke_find(known[i].id);
	return NULL;
}

/* AEAD and classic ciphers go into proposals of their own. */
void gikev2_suite_offer(struct gikev2 *engine, struct gikev2_chunk spi,
			struct gikev2_payload *sa)
{
	struct gikev2_proposal *proposals = gikev2_arena_alloc(
		&engine->arena, ARRAY_LEN(kinds) * sizeof(*proposals));
	size_t count = 0;

	if (!proposals)
		return;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!offers(engine, &kinds[i]))
			continue;
		fill_proposal(engine, &proposals[count], &kinds[i]);
		proposals[count].spi = spi;
		proposals[count].number = count + 1;
		count++;
	}
	sa->sa.proposals = (struct gikev2_list){ proposals, count };
}

/* The number of our proposal that a suite was taken from; 0: of none. */
static uint8_t number_of(const struct gikev2 *engine,
			 const struct gikev2_suite *suite)
{
	uint8_t number = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!offers(engine, &kinds[i]))
			continue;
		number++;
		if (kinds[i].aead == (suite->encr->icv_len > 0) &&
		    kinds[i].kwa == (suite->kwa != NULL) &&
		    kinds[i].addke == (suite->addke_types != 0))
			return number;
	}
	return 0;
}

void gikev2_suite_answer(struct gikev2 *engine,
			 const struct gikev2_suite *suite,
			 struct gikev2_chunk spi, struct gikev2_payload *sa)
{
	struct gikev2_proposal *proposal =
		gikev2_arena_alloc(&engine->arena, sizeof(*proposal));
	struct gikev2_transform *first,
		*transform = gikev2_arena_alloc(&engine->arena,
						(5 + GIKEV2_ADDKE_MAX) *
							sizeof(*transform));

	if (!proposal || !transform)
		return;
	first = transform;
	transform_fill(engine, transform++, GIKEV2_XF_ENCR, suite->encr->id,
		       suite->encr->key_bits);
	transform_fill(engine, transform++, GIKEV2_XF_PRF, suite->prf->id, 0);
	if (suite->integ)
		transform_fill(engine, transform++, GIKEV2_XF_INTEG,
			       suite->integ->id, 0);
	transform_fill(engine, transform++, GIKEV2_XF_KE, suite->ke->id, 0);
	if (suite->kwa)
		transform_fill(engine, transform++, GIKEV2_XF_KWA,
			       suite->kwa->id, 0);
	for (size_t n = 0; n < GIKEV2_ADDKE_MAX; n++)
		if (suite->addke_types & 1 << n)
			transform_fill(engine, transform++,
				       GIKEV2_XF_ADDKE1 + n,
				       suite->addke[n] ? suite->addke[n]->id
						       : GIKEV2_KE_NONE,
				       0);
	proposal->number = suite->number;
	proposal->protocol = GIKEV2_PROTO_IKE;
	proposal->spi = spi;
	proposal->transforms = (struct gikev2_list){ first, transform - first };
	sa->sa.proposals = (struct gikev2_list){ proposal, 1 };
}

/* ------------------------------------------------------------------- choice */

/* What a proposal offers, as far as we do it. */
struct choice {
	const struct gikev2 *engine;
	struct gikev2_suite suite;
	uint16_t ke_hint; /* the group of the KE payload that came along */
	struct gikev2_addke_choice addke;
	bool has_kwa;	 /* offers KWA */
	bool has_integ;	 /* offers INTEG */
	bool integ_none; /* ... and NONE among it */
};

/* The Key Length; negative when there is an attribute we do not know. */
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

static bool is_longer(const struct gikev2_kwa *chosen, uint16_t id)
{
	const struct gikev2_kwa *kwa = gikev2_kwa_find(id);

	return chosen && (!kwa || chosen->key_len >= kwa->key_len);
}

/* The first of each type that we do; of KE, the one whose value we have; of KWA
 * the longest, since keys of any length are wrapped by it. */
static void take_known(struct choice *choice, uint8_t type, uint16_t id,
		       uint16_t bits)
{
	struct gikev2_suite *suite = &choice->suite;

	if (type == GIKEV2_XF_ENCR && !suite->encr)
		suite->encr = gikev2_encr_find(id, bits);
	else if (type == GIKEV2_XF_PRF && !suite->prf)
		suite->prf = gikev2_prf_find(id);
	else if (type == GIKEV2_XF_INTEG && !suite->integ)
		suite->integ = gikev2_integ_find(id);
	else if (type == GIKEV2_XF_KE && (!suite->ke || id == choice->ke_hint))
		suite->ke = gikev2_ke_find(id);
	else if (type == GIKEV2_XF_KWA && !is_longer(suite->kwa, id))
		suite->kwa = gikev2_kwa_find(id);
}

/* -NO_PROPOSAL: of a type that makes the whole proposal unacceptable. */
static int take(struct choice *choice, const struct gikev2_transform *transform)
{
	int bits = key_bits(transform);

	if (transform->type >= GIKEV2_XF_ADDKE1 &&
	    transform->type <= GIKEV2_XF_ADDKE7) {
		gikev2_addke_take(choice->engine, &choice->addke,
				  transform->type, transform->id, bits == 0);
		return 0;
	}
	switch (transform->type) {
	case GIKEV2_XF_INTEG:
		choice->has_integ = true;
		if (transform->id == GIKEV2_INTEG_NONE)
			choice->integ_none = true;
		break;
	case GIKEV2_XF_KWA:
		choice->has_kwa = true;
		break;
	case GIKEV2_XF_ENCR:
	case GIKEV2_XF_PRF:
	case GIKEV2_XF_KE:
		break;
	default:
		return -GIKEV2_ERR_NO_PROPOSAL;
	}
	if (bits >= 0 && gikev2_suite_knows(choice->engine, transform->type,
					    transform->id, bits))
		take_known(choice, transform->type, transform->id, bits);
	return 0;
}

static int try_proposal(const struct gikev2 *engine,
			const struct gikev2_proposal *proposal, size_t spi_len,
			uint16_t ke_hint, bool addke,
			struct gikev2_suite *suite)
{
	const struct gikev2_transform *transform = proposal->transforms.items;
	struct choice choice = { .engine = engine,
				 .suite = { .number = proposal->number,
					    .spi = proposal->spi },
				 .ke_hint = ke_hint };

	if (proposal->protocol != GIKEV2_PROTO_IKE ||
	    proposal->spi.len != spi_len)
		return -GIKEV2_ERR_NO_PROPOSAL;
	for (size_t i = 0; i < proposal->transforms.count; i++)
		if (take(&choice, transform++) < 0)
			return -GIKEV2_ERR_NO_PROPOSAL;
	*suite = choice.suite;
	if (!suite->encr || !suite->prf || !suite->ke)
		return -GIKEV2_ERR_NO_PROPOSAL;
	if (!suite->kwa && (choice.has_kwa || !engine->params.plain_ike))
		return -GIKEV2_ERR_NO_PROPOSAL;
	if (!gikev2_addke_choose(engine, &choice.addke, !addke, suite))
		return -GIKEV2_ERR_NO_PROPOSAL;
	if (!suite->encr->icv_len)
		return suite->integ ? 0 : -GIKEV2_ERR_NO_PROPOSAL;
	suite->integ = NULL;
	if (choice.has_integ && !choice.integ_none)
		return -GIKEV2_ERR_NO_PROPOSAL;
	return 0;
}

/*
 * Responder: the first proposal, and in it the first transforms, that we do.
 * `ke_group` is the group of the KE payload: taken when it is acceptable,
 * since any other costs a round trip.
 */
int gikev2_suite_choose(const struct gikev2 *engine,
			const struct gikev2_pld_sa *sa, size_t spi_len,
			uint16_t ke_group, bool addke,
			struct gikev2_suite *suite)
{
	const struct gikev2_proposal *proposal = sa->proposals.items;

	for (size_t i = 0; i < sa->proposals.count; i++)
		if (try_proposal(engine, proposal++, spi_len, ke_group, addke,
				 suite) == 0)
			return 0;
	return -GIKEV2_ERR_NO_PROPOSAL;
}

/*
 * Initiator: exactly one proposal, with one transform of each type, all of
 * them from the one of ours that has its number.
 */
int gikev2_suite_accept(const struct gikev2 *engine,
			const struct gikev2_pld_sa *sa, size_t spi_len,
			bool addke, struct gikev2_suite *suite)
{
	const struct gikev2_proposal *proposal = sa->proposals.items;
	const struct gikev2_transform *transform = proposal->transforms.items;
	uint32_t seen = 0;
	int ret;

	if (sa->proposals.count != 1)
		return -GIKEV2_ERR_NO_PROPOSAL;
	for (size_t i = 0; i < proposal->transforms.count; i++) {
		uint32_t bit = transform[i].type < 32 ? 1u << transform[i].type
						      : 0;

		if (!bit || seen & bit)
			return -GIKEV2_ERR_NO_PROPOSAL;
		seen |= bit;
	}
	ret = try_proposal(engine, proposal, spi_len, 0, addke, suite);
	if (ret < 0)
		return ret;
	if (proposal->number != number_of(engine, suite))
		return -GIKEV2_ERR_NO_PROPOSAL;
	return 0;
}
