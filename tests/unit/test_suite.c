// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE SA proposals: what is offered, chosen and accepted.
 */
#include "test_bare.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define TRANSFORMS_MAX 10
#define PROPOSALS_MAX 3

/* How the Key Length comes. */
enum length {
	FITS, /* once, or not at all when it is 0 */
	TWICE,
	TLV,	 /* as the other kind of attribute */
	UNKNOWN, /* an attribute of another type beside it */
	OTHER,	 /* an attribute of another type in place of it */
};

struct wanted {
	uint8_t type;
	uint16_t id, bits;
	enum length length;
};

struct proposed {
	uint8_t number, protocol;
	size_t spi_len;
	struct wanted transforms[TRANSFORMS_MAX];
};

/* SA payload as the codec would have it; everything lives in the arena. */
static struct gikev2_list attributes(struct gikev2_arena *arena,
				     const struct wanted *wanted)
{
	struct gikev2_attr *attr = gikev2_arena_alloc(arena, 2 * sizeof(*attr));
	struct gikev2_list list = { attr, wanted->bits ? 1 : 0 };

	assert_non_null(attr);
	attr->type = GIKEV2_ATTR_KEY_LENGTH + (wanted->length == OTHER);
	attr->tv = wanted->length != TLV;
	attr->value = wanted->bits;
	if (wanted->length == TWICE || wanted->length == UNKNOWN) {
		attr[1] = attr[0];
		attr[1].type += wanted->length == UNKNOWN;
		list.count = 2;
	}
	return list;
}

static void propose(struct gikev2_arena *arena, const struct proposed *from,
		    struct gikev2_proposal *to)
{
	static const uint8_t spi[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct gikev2_transform *transform =
		gikev2_arena_alloc(arena, TRANSFORMS_MAX * sizeof(*transform));
	size_t i;

	assert_non_null(transform);
	for (i = 0; i < TRANSFORMS_MAX && from->transforms[i].type; i++) {
		transform[i].type = from->transforms[i].type;
		transform[i].id = from->transforms[i].id;
		transform[i].attrs = attributes(arena, &from->transforms[i]);
	}
	to->number = from->number;
	to->protocol = from->protocol;
	to->spi = (struct gikev2_chunk){ spi, from->spi_len };
	to->transforms = (struct gikev2_list){ transform, i };
}

static struct gikev2_pld_sa make_sa(struct gikev2 *engine,
				    const struct proposed *proposals)
{
	struct gikev2_arena *arena = &engine->arena;
	struct gikev2_proposal *list;
	size_t i;

	arena->used = 0;
	list = gikev2_arena_alloc(arena, PROPOSALS_MAX * sizeof(*list));
	assert_non_null(list);
	for (i = 0; i < PROPOSALS_MAX && proposals[i].number; i++)
		propose(arena, &proposals[i], &list[i]);
	return (struct gikev2_pld_sa){ { list, i } };
}

/* ------------------------------------------------------------------ choose */

#define GCM256                                                                 \
	{                                                                      \
		1, 20, 256, FITS                                               \
	}
#define GCM128                                                                 \
	{                                                                      \
		1, 20, 128, FITS                                               \
	}
#define CHACHA                                                                 \
	{                                                                      \
		1, 28, 0, FITS                                                 \
	}
#define CBC256                                                                 \
	{                                                                      \
		1, 12, 256, FITS                                               \
	}
#define SHA256                                                                 \
	{                                                                      \
		2, 5, 0, FITS                                                  \
	}
#define SHA512                                                                 \
	{                                                                      \
		2, 7, 0, FITS                                                  \
	}
#define NONE                                                                   \
	{                                                                      \
		3, 0, 0, FITS                                                  \
	}
#define HMAC256                                                                \
	{                                                                      \
		3, 12, 0, FITS                                                 \
	}
#define HMAC512                                                                \
	{                                                                      \
		3, 14, 0, FITS                                                 \
	}
#define X25519                                                                 \
	{                                                                      \
		4, 31, 0, FITS                                                 \
	}
#define ECP256                                                                 \
	{                                                                      \
		4, 19, 0, FITS                                                 \
	}
#define KW256                                                                  \
	{                                                                      \
		13, 3, 0, FITS                                                 \
	}
#define KW128                                                                  \
	{                                                                      \
		13, 1, 0, FITS                                                 \
	}

#define IKE(number, ...)                                                       \
	{                                                                      \
		number, 1, 0,                                                  \
		{                                                              \
			__VA_ARGS__                                            \
		}                                                              \
	}

static const struct {
	const char *what;
	struct proposed proposals[PROPOSALS_MAX];
	uint16_t ke_group;
	uint8_t number; /* expected; 0: none is acceptable */
	uint16_t encr, bits, integ, ke;
} choices[] = {
	{ "AEAD",
	  { IKE(1, GCM256, SHA256, X25519, KW256) },
	  31,
	  1,
	  20,
	  256,
	  0,
	  31 },
	{ "AEAD, INTEG NONE",
	  { IKE(1, GCM256, SHA256, NONE, X25519, KW256) },
	  31,
	  1,
	  20,
	  256,
	  0,
	  31 },
	{ "AEAD, NONE or HMAC",
	  { IKE(1, GCM256, SHA256, HMAC256, NONE, X25519, KW256) },
	  31,
	  1,
	  20,
	  256,
	  0,
	  31 },
	{ "AEAD, HMAC only",
	  { IKE(1, GCM256, SHA256, HMAC256, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "CBC with HMAC",
	  { IKE(1, CBC256, SHA256, HMAC512, X25519, KW256) },
	  31,
	  1,
	  12,
	  256,
	  14,
	  31 },
	{ "CBC without INTEG",
	  { IKE(1, CBC256, SHA256, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "CBC with INTEG NONE",
	  { IKE(1, CBC256, SHA256, NONE, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "no ENCR", { IKE(1, SHA256, X25519, KW256) }, 31, 0, 0, 0, 0, 0 },
	{ "no PRF", { IKE(1, GCM256, X25519, KW256) }, 31, 0, 0, 0, 0, 0 },
	{ "no KE", { IKE(1, GCM256, SHA256, KW256) }, 31, 0, 0, 0, 0, 0 },
	{ "no KWA: plain IKEv2",
	  { IKE(1, GCM256, SHA256, X25519) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "unknown transform type",
	  { IKE(1, GCM256, SHA256, X25519, KW256, { 6, 35, 0, FITS }) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "transform type of SAg",
	  { IKE(1, GCM256, SHA256, X25519, KW256, { 14, 1, 0, FITS }) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "unknown transform type, and a proposal without it",
	  { IKE(1, GCM256, SHA256, X25519, KW256, { 6, 35, 0, FITS }),
	    IKE(2, GCM128, SHA256, X25519, KW256) },
	  31,
	  2,
	  20,
	  128,
	  0,
	  31 },
	{ "unknown ENCR before a known one",
	  { IKE(1, { 1, 999, 0, FITS }, GCM256, SHA256, X25519, KW256) },
	  31,
	  1,
	  20,
	  256,
	  0,
	  31 },
	{ "unknown of each type before a known one",
	  { IKE(1, { 1, 3, 0, FITS }, { 2, 2, 0, FITS }, { 4, 2, 0, FITS },
		{ 13, 4, 0, FITS }, GCM256, SHA256, X25519, KW256) },
	  31,
	  1,
	  20,
	  256,
	  0,
	  31 },
	{ "unknown only",
	  { IKE(1, GCM256, { 2, 2, 0, FITS }, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "implicit IV",
	  { IKE(1, { 1, 30, 256, FITS }, SHA256, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "AES without Key Length",
	  { IKE(1, { 1, 20, 0, FITS }, SHA256, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "AES of 192 bits, which we do not do",
	  { IKE(1, { 1, 20, 192, FITS }, SHA256, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "ChaCha20 with Key Length",
	  { IKE(1, { 1, 28, 256, FITS }, SHA256, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "PRF with Key Length",
	  { IKE(1, GCM256, { 2, 5, 256, FITS }, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "KWA with Key Length",
	  { IKE(1, GCM256, SHA256, X25519, { 13, 3, 256, FITS }) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "Key Length twice, then another transform",
	  { IKE(1, { 1, 20, 256, TWICE }, GCM128, SHA256, X25519, KW256) },
	  31,
	  1,
	  20,
	  128,
	  0,
	  31 },
	{ "Key Length as TLV",
	  { IKE(1, { 1, 20, 256, TLV }, SHA256, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "unknown attribute beside Key Length",
	  { IKE(1, { 1, 20, 256, UNKNOWN }, SHA256, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "unknown attribute in place of Key Length",
	  { IKE(1, { 1, 20, 256, OTHER }, SHA256, X25519, KW256) },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "the first of a type that we do",
	  { IKE(1, CHACHA, GCM256, GCM128, SHA256, X25519, KW256) },
	  31,
	  1,
	  28,
	  0,
	  0,
	  31 },
	{ "the first proposal that we do",
	  { IKE(1, CBC256, SHA256, HMAC256, X25519, KW256),
	    IKE(2, GCM256, SHA256, X25519, KW256) },
	  31,
	  1,
	  12,
	  256,
	  12,
	  31 },
	{ "the group of the KE payload, although another comes first",
	  { IKE(1, GCM256, SHA256, ECP256, X25519, KW256) },
	  31,
	  1,
	  20,
	  256,
	  0,
	  31 },
	{ "the first group, when that of the KE payload is not offered",
	  { IKE(1, GCM256, SHA256, ECP256, X25519, KW256) },
	  14,
	  1,
	  20,
	  256,
	  0,
	  19 },
	{ "not of protocol IKE",
	  { { 1, 3, 0, { GCM256, SHA256, X25519, KW256 } } },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
	{ "with an SPI",
	  { { 1, 1, 8, { GCM256, SHA256, X25519, KW256 } } },
	  31,
	  0,
	  0,
	  0,
	  0,
	  0 },
};

/* Of KWA the longest, wherever it stands. */
static void longest_key_wrap(void **state)
{
	static const struct {
		uint16_t first, second, chosen;
	} cases[] = {
		{ GIKEV2_KW_5649_128, GIKEV2_KW_5649_256, GIKEV2_KW_5649_256 },
		{ GIKEV2_KW_5649_256, GIKEV2_KW_5649_128, GIKEV2_KW_5649_256 },
		{ GIKEV2_KW_5649_128, GIKEV2_KW_5649_192, GIKEV2_KW_5649_192 },
		{ GIKEV2_KW_5649_128, 99, GIKEV2_KW_5649_128 },
		{ 99, GIKEV2_KW_5649_128, GIKEV2_KW_5649_128 },
	};
	struct bare *bare = bare_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct proposed proposals[PROPOSALS_MAX] = {
			IKE(1, GCM256, SHA256, X25519,
			    { 13, cases[i].first, 0, FITS },
			    { 13, cases[i].second, 0, FITS }),
		};
		struct gikev2_pld_sa sa = make_sa(bare->engine, proposals);
		struct gikev2_suite suite;

		assert_int_equal(gikev2_suite_choose(bare->engine, &sa, 0, 31,
						     true, &suite),
				 0);
		assert_int_equal(suite.kwa->id, cases[i].chosen);
	}
	bare_free(bare);
}

static void chosen(void **state)
{
	struct bare *bare = bare_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		struct gikev2_pld_sa sa =
			make_sa(bare->engine, choices[i].proposals);
		struct gikev2_suite suite;
		int ret = gikev2_suite_choose(bare->engine, &sa, 0,
					      choices[i].ke_group, true,
					      &suite);

		if (ret != (choices[i].number ? 0 : -GIKEV2_ERR_NO_PROPOSAL))
			fail_msg("%s: %d", choices[i].what, ret);
		if (ret < 0)
			continue;
		if (suite.number != choices[i].number ||
		    suite.encr->id != choices[i].encr ||
		    suite.encr->key_bits != choices[i].bits ||
		    (suite.integ ? suite.integ->id : 0) != choices[i].integ ||
		    suite.ke->id != choices[i].ke)
			fail_msg("%s: number %u, ENCR %u/%u, KE %u",
				 choices[i].what, suite.number, suite.encr->id,
				 suite.encr->key_bits, suite.ke->id);
	}
	bare_free(bare);
}

static void spi_of_a_rekey(void **state)
{
	static const struct proposed with[PROPOSALS_MAX] = {
		{ 1, 1, 8, { GCM256, SHA256, X25519, KW256 } }
	};
	static const struct proposed without[PROPOSALS_MAX] = { IKE(
		1, GCM256, SHA256, X25519, KW256) };
	struct bare *bare = bare_new();
	struct gikev2_suite suite;
	struct gikev2_pld_sa sa = make_sa(bare->engine, with);

	(void)state;
	assert_int_equal(
		gikev2_suite_choose(bare->engine, &sa, 8, 31, true, &suite), 0);
	assert_hex_equal(suite.spi.ptr, suite.spi.len, "0102030405060708");
	sa = make_sa(bare->engine, without);
	assert_int_equal(gikev2_suite_choose(bare->engine, &sa, 8, 31, true,
					     &suite),
			 -GIKEV2_ERR_NO_PROPOSAL);
	bare_free(bare);
}

static void disabled_is_not_chosen(void **state)
{
	static const struct proposed both[PROPOSALS_MAX] = { IKE(
		1, GCM256, GCM128, SHA256, X25519, KW256) };
	struct bare *bare = bare_new();
	struct gikev2_suite suite;
	struct gikev2_pld_sa sa = make_sa(bare->engine, both);

	(void)state;
	bare->engine->params.suite_disabled =
		gikev2_suite_bit(GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 256);
	assert_int_equal(
		gikev2_suite_choose(bare->engine, &sa, 0, 31, true, &suite), 0);
	assert_int_equal(suite.encr->key_bits, 128);
	bare->engine->params.suite_disabled |=
		gikev2_suite_bit(GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 128);
	assert_int_equal(gikev2_suite_choose(bare->engine, &sa, 0, 31, true,
					     &suite),
			 -GIKEV2_ERR_NO_PROPOSAL);
	bare_free(bare);
}

/* ------------------------------------------------------------------ accept */

static const struct {
	const char *what;
	struct proposed proposals[PROPOSALS_MAX];
	bool accepted;
} answers[] = {
	{ "AEAD, our first proposal",
	  { IKE(1, GCM256, SHA256, X25519, KW256) },
	  true },
	{ "classic, our second",
	  { IKE(2, CBC256, SHA256, HMAC256, X25519, KW256) },
	  true },
	{ "order does not matter",
	  { IKE(1, KW256, X25519, SHA256, GCM256) },
	  true },
	{ "AEAD under the number of the classic one",
	  { IKE(2, GCM256, SHA256, X25519, KW256) },
	  false },
	{ "classic under the number of the AEAD one",
	  { IKE(1, CBC256, SHA256, HMAC256, X25519, KW256) },
	  false },
	{ "a number that we did not use",
	  { IKE(3, GCM256, SHA256, X25519, KW256) },
	  false },
	{ "two proposals",
	  { IKE(1, GCM256, SHA256, X25519, KW256),
	    IKE(2, CBC256, SHA256, HMAC256, X25519, KW256) },
	  false },
	{ "two of a type",
	  { IKE(1, GCM256, GCM128, SHA256, X25519, KW256) },
	  false },
	{ "the same twice",
	  { IKE(1, GCM256, GCM256, SHA256, X25519, KW256) },
	  false },
	{ "one type missing", { IKE(1, GCM256, SHA256, X25519) }, false },
	{ "a type more",
	  { IKE(1, GCM256, SHA256, X25519, KW256, { 5, 0, 0, FITS }) },
	  false },
	{ "a type out of any range",
	  { IKE(1, GCM256, SHA256, X25519, KW256, { 200, 0, 0, FITS }) },
	  false },
	{ "unknown ID",
	  { IKE(1, GCM256, SHA256, { 4, 2, 0, FITS }, KW256) },
	  false },
	{ "with HMAC beside AEAD",
	  { IKE(1, GCM256, SHA256, HMAC256, X25519, KW256) },
	  false },
	{ "Key Length twice",
	  { IKE(1, { 1, 20, 256, TWICE }, SHA256, X25519, KW256) },
	  false },
	{ "with an SPI",
	  { { 1, 1, 8, { GCM256, SHA256, X25519, KW256 } } },
	  false },
	{ "not of protocol IKE",
	  { { 1, 3, 0, { GCM256, SHA256, X25519, KW256 } } },
	  false },
};

static void accepted(void **state)
{
	struct bare *bare = bare_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct gikev2_pld_sa sa =
			make_sa(bare->engine, answers[i].proposals);
		struct gikev2_suite suite;
		int ret =
			gikev2_suite_accept(bare->engine, &sa, 0, true, &suite);

		if (ret != (answers[i].accepted ? 0 : -GIKEV2_ERR_NO_PROPOSAL))
			fail_msg("%s: %d", answers[i].what, ret);
	}
	bare_free(bare);
}

/* What we did not offer is not accepted either. */
static void not_offered(void **state)
{
	static const struct proposed answer[PROPOSALS_MAX] = { IKE(
		1, GCM256, SHA512, X25519, KW128) };
	static const struct wanted without[] = { GCM256, SHA512, X25519,
						 KW128 };
	struct bare *bare = bare_new();
	struct gikev2_pld_sa sa = make_sa(bare->engine, answer);
	struct gikev2_suite suite;

	(void)state;
	assert_int_equal(
		gikev2_suite_accept(bare->engine, &sa, 0, true, &suite), 0);
	for (size_t i = 0; i < ARRAY_LEN(without); i++) {
		bare->engine->params.suite_disabled = gikev2_suite_bit(
			without[i].type, without[i].id, without[i].bits);
		assert_int_equal(gikev2_suite_accept(bare->engine, &sa, 0, true,
						     &suite),
				 -GIKEV2_ERR_NO_PROPOSAL);
	}
	bare_free(bare);
}

/* ------------------------------------------------------------------- offer */

static size_t count_type(const struct gikev2_proposal *proposal, uint8_t type)
{
	const struct gikev2_transform *transform = proposal->transforms.items;
	size_t count = 0;

	for (size_t i = 0; i < proposal->transforms.count; i++)
		count += transform[i].type == type;
	return count;
}

static struct gikev2_pld_sa offer(struct bare *bare)
{
	struct gikev2_payload payload = { .type = GIKEV2_PLD_SA };

	bare->engine->arena.used = 0;
	gikev2_suite_offer(bare->engine, (struct gikev2_chunk){ NULL, 0 },
			   &payload);
	return payload.sa;
}

static void disable(struct bare *bare, uint8_t type, bool aead)
{
	for (uint16_t id = 0; id < 64; id++) {
		for (uint16_t bits = 0; bits <= 256; bits += 64) {
			const struct gikev2_encr *encr =
				gikev2_encr_find(id, bits);

			if (type != GIKEV2_XF_ENCR ||
			    (encr && (encr->icv_len > 0) == aead))
				bare->engine->params.suite_disabled |=
					gikev2_suite_bit(type, id, bits);
		}
	}
}

/* Each kind of cipher in a proposal of its own, with what it needs. */
static void offered(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_pld_sa sa = offer(bare);
	const struct gikev2_proposal *proposals = sa.proposals.items;

	(void)state;
	assert_int_equal(sa.proposals.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(proposals[i].number, i + 1);
		assert_int_equal(proposals[i].protocol, GIKEV2_PROTO_IKE);
		assert_true(count_type(&proposals[i], GIKEV2_XF_ENCR) > 0);
		assert_true(count_type(&proposals[i], GIKEV2_XF_PRF) > 0);
		assert_true(count_type(&proposals[i], GIKEV2_XF_KE) > 0);
		assert_true(count_type(&proposals[i], GIKEV2_XF_KWA) > 0);
	}
	assert_int_equal(count_type(&proposals[0], GIKEV2_XF_INTEG), 0);
	assert_true(count_type(&proposals[1], GIKEV2_XF_INTEG) > 0);
	bare_free(bare);
}

/* The numbers begin at one, whatever is left out. */
static void one_kind_offered(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_pld_sa sa;
	struct gikev2_suite suite;

	(void)state;
	disable(bare, GIKEV2_XF_ENCR, true);
	sa = offer(bare);
	assert_int_equal(sa.proposals.count, 1);
	assert_int_equal(((struct gikev2_proposal *)sa.proposals.items)->number,
			 1);
	assert_true(count_type(sa.proposals.items, GIKEV2_XF_INTEG) > 0);
	sa = make_sa(bare->engine,
		     (struct proposed[PROPOSALS_MAX]){
			     IKE(1, CBC256, SHA256, HMAC256, X25519, KW256) });
	assert_int_equal(
		gikev2_suite_accept(bare->engine, &sa, 0, true, &suite), 0);
	disable(bare, GIKEV2_XF_ENCR, false);
	sa = offer(bare);
	assert_int_equal(sa.proposals.count, 0);
	bare_free(bare);
}

/* With plain IKEv2 allowed, all of it comes once more, without KWA. */
static void plain_offered(void **state)
{
	struct bare *bare = bare_new();
	const struct gikev2_proposal *proposals;
	struct gikev2_pld_sa sa;

	(void)state;
	bare->engine->params.plain_ike = true;
	sa = offer(bare);
	proposals = sa.proposals.items;
	assert_int_equal(sa.proposals.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(proposals[i].number, i + 1);
		assert_int_equal(count_type(&proposals[i], GIKEV2_XF_KWA) > 0,
				 i < 2);
		assert_int_equal(count_type(&proposals[i], GIKEV2_XF_INTEG) > 0,
				 i % 2);
	}
	bare_free(bare);
}

/* An answer without KWA is only good for the proposal that had none. */
static void plain_accepted(void **state)
{
	static const struct {
		struct proposed answer[PROPOSALS_MAX];
		bool accepted;
	} cases[] = {
		{ { IKE(3, GCM256, SHA256, X25519) }, true },
		{ { IKE(4, CBC256, SHA256, HMAC256, X25519) }, true },
		{ { IKE(1, GCM256, SHA256, X25519) }, false },
		{ { IKE(2, CBC256, SHA256, HMAC256, X25519) }, false },
		{ { IKE(4, GCM256, SHA256, X25519) }, false },
		{ { IKE(3, GCM256, SHA256, X25519, KW256) }, false },
		{ { IKE(1, GCM256, SHA256, X25519, KW256) }, true },
	};
	struct bare *bare = bare_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gikev2_pld_sa sa =
			make_sa(bare->engine, cases[i].answer);
		struct gikev2_suite suite;

		bare->engine->params.plain_ike = true;
		if ((gikev2_suite_accept(bare->engine, &sa, 0, true, &suite) ==
		     0) != cases[i].accepted)
			fail_msg("case %zu", i);
		bare->engine->params.plain_ike = false;
		assert_int_equal(gikev2_suite_accept(bare->engine, &sa, 0, true,
						     &suite) == 0,
				 cases[i].accepted && suite.kwa);
	}
	bare_free(bare);
}

/* A KWA that is offered, but none that we do, is not the same as none. */
static void plain_chosen(void **state)
{
	static const struct proposed without[PROPOSALS_MAX] = { IKE(
		1, GCM256, SHA256, X25519) };
	static const struct proposed strange[PROPOSALS_MAX] = { IKE(
		1, GCM256, SHA256, X25519, { 13, 4, 0, FITS }) };
	static const struct proposed both[PROPOSALS_MAX] = {
		IKE(1, GCM256, SHA256, X25519, KW256),
		IKE(2, GCM256, SHA256, X25519)
	};
	struct bare *bare = bare_new();
	struct gikev2_suite suite;
	struct gikev2_pld_sa sa = make_sa(bare->engine, without);

	(void)state;
	assert_int_equal(gikev2_suite_choose(bare->engine, &sa, 0, 31, true,
					     &suite),
			 -GIKEV2_ERR_NO_PROPOSAL);
	bare->engine->params.plain_ike = true;
	assert_int_equal(
		gikev2_suite_choose(bare->engine, &sa, 0, 31, true, &suite), 0);
	assert_null(suite.kwa);
	sa = make_sa(bare->engine, strange);
	assert_int_equal(gikev2_suite_choose(bare->engine, &sa, 0, 31, true,
					     &suite),
			 -GIKEV2_ERR_NO_PROPOSAL);
	sa = make_sa(bare->engine, both);
	assert_int_equal(
		gikev2_suite_choose(bare->engine, &sa, 0, 31, true, &suite), 0);
	assert_non_null(suite.kwa);
	bare_free(bare);
}

static void first_group(void **state)
{
	struct bare *bare = bare_new();
	uint32_t *disabled = &bare->engine->params.suite_disabled;

	(void)state;
	assert_int_equal(gikev2_suite_first_ke(bare->engine)->id,
			 GIKEV2_KE_CURVE25519);
	*disabled = gikev2_suite_bit(GIKEV2_XF_KE, GIKEV2_KE_CURVE25519, 0);
	assert_int_equal(gikev2_suite_first_ke(bare->engine)->id,
			 GIKEV2_KE_ECP_256);
	disable(bare, GIKEV2_XF_KE, false);
	assert_null(gikev2_suite_first_ke(bare->engine));
	bare_free(bare);
}

/*
 * Each suite that there is: what is chosen from an offer of it is what is
 * answered, and what is accepted from the answer.
 */
static void round_trip(struct bare *bare, const struct proposed *proposals)
{
	struct gikev2_pld_sa sa = make_sa(bare->engine, proposals);
	struct gikev2_payload answer = { .type = GIKEV2_PLD_SA };
	const struct gikev2_proposal *proposal;
	struct gikev2_suite chosen_suite, accepted_suite;

	assert_int_equal(gikev2_suite_choose(bare->engine, &sa, 0,
					     proposals->transforms[3].id, true,
					     &chosen_suite),
			 0);
	gikev2_suite_answer(bare->engine, &chosen_suite,
			    (struct gikev2_chunk){ NULL, 0 }, &answer);
	assert_int_equal(answer.sa.proposals.count, 1);
	proposal = answer.sa.proposals.items;
	assert_int_equal(proposal->number, proposals->number);
	assert_int_equal(proposal->transforms.count,
			 chosen_suite.integ ? 5 : 4);
	assert_int_equal(gikev2_suite_accept(bare->engine, &answer.sa, 0, true,
					     &accepted_suite),
			 0);
	assert_ptr_equal(accepted_suite.encr, chosen_suite.encr);
	assert_ptr_equal(accepted_suite.prf, chosen_suite.prf);
	assert_ptr_equal(accepted_suite.integ, chosen_suite.integ);
	assert_ptr_equal(accepted_suite.ke, chosen_suite.ke);
	assert_ptr_equal(accepted_suite.kwa, chosen_suite.kwa);
}

static void every_suite(void **state)
{
	static const struct wanted encrs[] = {
		GCM256, GCM128, CHACHA, CBC256, { 1, 12, 128, FITS }
	};
	static const uint16_t groups[] = { 31, 19, 20, 21, 14, 15, 16 };
	struct bare *bare = bare_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(encrs) * ARRAY_LEN(groups) * 27; i++) {
		struct proposed proposals[PROPOSALS_MAX] = { IKE(
			1, encrs[i % 5], { 2, 5 + i / 5 % 3, 0, FITS },
			{ 13, 1 + i / 15 % 3, 0, FITS },
			{ 4, groups[i / 45 % 7], 0, FITS },
			{ 3, 12 + i / 315 % 3, 0, FITS }) };

		if (i % 5 < 3)
			proposals[0].transforms[4].type = 0;
		else
			proposals[0].number = 2;
		round_trip(bare, proposals);
	}
	bare_free(bare);
}

static void bits(void **state)
{
	uint32_t seen = 0;

	(void)state;
	assert_int_equal(gikev2_suite_bit(GIKEV2_XF_ENCR, 20, 192), 0);
	assert_int_equal(gikev2_suite_bit(GIKEV2_XF_ENCR, 20, 0), 0);
	assert_int_equal(gikev2_suite_bit(GIKEV2_XF_PRF, 5, 256), 0);
	assert_int_equal(gikev2_suite_bit(GIKEV2_XF_SN, 0, 0), 0);
	for (uint8_t type = 0; type < 16; type++)
		for (uint16_t id = 0; id < 64; id++)
			for (uint16_t key_bits = 0; key_bits <= 256;
			     key_bits += 64) {
				uint32_t bit =
					gikev2_suite_bit(type, id, key_bits);

				assert_int_equal(seen & bit, 0);
				assert_int_equal(bit & (bit - 1), 0);
				seen |= bit;
			}
	assert_true(__builtin_popcount(seen) >= 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen),
		cmocka_unit_test(longest_key_wrap),
		cmocka_unit_test(spi_of_a_rekey),
		cmocka_unit_test(disabled_is_not_chosen),
		cmocka_unit_test(accepted),
		cmocka_unit_test(not_offered),
		cmocka_unit_test(offered),
		cmocka_unit_test(one_kind_offered),
		cmocka_unit_test(plain_offered),
		cmocka_unit_test(plain_accepted),
		cmocka_unit_test(plain_chosen),
		cmocka_unit_test(first_group),
		cmocka_unit_test(every_suite),
		cmocka_unit_test(bits),
	};

	return cmocka_run_group_tests_name("suite", tests, NULL, NULL);
}
