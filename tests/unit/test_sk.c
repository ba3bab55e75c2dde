// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Protected messages and their keys, by the published vectors.
 */
#include "test_bare.h"
#include "vectors.h"

#define RFC9838(name) vector("rfc9838.txt", name)

/* Both ends of the vectors' SA, keys and all. */
struct pair {
	struct bare *bare;
	struct gikev2_ike *gm, *gcks;
};

static void copy(uint8_t *to, const char *name)
{
	struct test_octets octets = RFC9838(name);

	memcpy(to, octets.octets, octets.len);
}

static struct gikev2_ike *make_end(struct bare *bare, bool initiator)
{
	struct test_octets spi_i = RFC9838("spi-i"), spi_r = RFC9838("spi-r");
	struct gikev2_ike *ike = bare_ike(bare, initiator, &spi_i, &spi_r);

	copy(ike->sk_ei, "sk-ei");
	copy(ike->sk_er, "sk-er");
	copy(ike->sk_d, "sk-d");
	return ike;
}

static struct pair pair_new(void)
{
	struct pair pair = { .bare = bare_new() };

	pair.gm = make_end(pair.bare, true);
	pair.gcks = make_end(pair.bare, false);
	return pair;
}

/* Both ends with AES-CBC and HMAC-SHA2-256-128, made-up keys. */
static struct pair pair_cbc(void)
{
	struct pair pair = pair_new();
	struct test_octets keys = test_sequence(0, 128);
	struct gikev2_ike *ends[] = { pair.gm, pair.gcks };

	for (size_t i = 0; i < 2; i++) {
		ends[i]->suite.encr =
			gikev2_encr_find(GIKEV2_ENCR_AES_CBC, 128);
		ends[i]->suite.integ =
			gikev2_integ_find(GIKEV2_INTEG_HMAC_SHA2_256_128);
		memcpy(ends[i]->sk_ei, keys.octets, 16);
		memcpy(ends[i]->sk_er, keys.octets + 16, 16);
		memcpy(ends[i]->sk_ai, keys.octets + 32, 32);
		memcpy(ends[i]->sk_ar, keys.octets + 64, 32);
	}
	return pair;
}

static void pair_free(struct pair *pair)
{
	bare_free(pair->bare);
}

static int open_message(struct gikev2_ike *ike, struct bare *bare,
			const struct test_octets *message)
{
	return gikev2_sk_open(ike, bare_rx(bare, message));
}

static struct test_octets seal(struct gikev2_ike *ike, uint8_t exchange,
			       bool response, uint32_t id,
			       const struct gikev2_payloads *payloads)
{
	struct test_octets out = { 0 };
	struct gikev2_buf buf = { .ptr = out.octets,
				  .size = sizeof(out.octets) };

	assert_int_equal(
		gikev2_sk_seal(ike, exchange, response, id, payloads, &buf), 0);
	out.len = buf.len;
	return out;
}

/* ------------------------------------------------------ the vectors' GSA_AUTH */

/* Opens one vector, compares what is in it, and seals it again. */
static void open_and_seal(struct pair *pair, bool response, const char *name,
			  const char *inner_name)
{
	struct gikev2_ike *from = response ? pair->gcks : pair->gm;
	struct gikev2_ike *to = response ? pair->gm : pair->gcks;
	struct test_octets message = RFC9838(name);
	struct test_octets want = RFC9838(inner_name), inner = { 0 }, again;
	struct gikev2_buf buf = { .ptr = inner.octets,
				  .size = sizeof(inner.octets) };
	struct gikev2_payloads *payloads =
		&pair->bare->engine->scratch->rx_payloads;

	assert_int_equal(open_message(to, pair->bare, &message), 0);
	gikev2_payloads_generate(payloads, &buf);
	assert_int_equal(buf.len, want.len);
	assert_memory_equal(inner.octets, want.octets, want.len);
	/* the counter of the IV begins at one */
	again = seal(from, GIKEV2_GSA_AUTH, response, 1, payloads);
	assert_int_equal(again.len, message.len);
	assert_memory_equal(again.octets, message.octets, message.len);
}

static void request_vector(void **state)
{
	struct pair pair = pair_new();

	(void)state;
	open_and_seal(&pair, false, "gsa-auth-request",
		      "gsa-auth-request-inner");
	pair_free(&pair);
}

static void response_vector(void **state)
{
	struct pair pair = pair_new();

	(void)state;
	open_and_seal(&pair, true, "gsa-auth-response",
		      "gsa-auth-response-inner");
	pair_free(&pair);
}

/* Nobody opens what he sealed himself: each direction has its keys. */
static void own_message(void **state)
{
	struct pair pair = pair_new();
	struct test_octets message = RFC9838("gsa-auth-request");

	(void)state;
	assert_int_equal(open_message(pair.gm, pair.bare, &message),
			 -GIKEV2_ERR_BAD_ICV);
	pair_free(&pair);
}

/* ------------------------------------------------------------------ bad ones */

/* Before anybody vouched for it, there is but one thing to say of it. */
static void assert_refused(struct pair *pair, const struct test_octets *message,
			   size_t at)
{
	uint8_t next = message->octets[16];
	int want = next == GIKEV2_PLD_SK || next == GIKEV2_PLD_SKF
			   ? -GIKEV2_ERR_BAD_ICV
			   : -GIKEV2_ERR_UNPROTECTED;
	int ret = open_message(pair->gcks, pair->bare, message);

	if (ret != want)
		fail_msg("%d for octet %zu of %zu", ret, at, message->len);
}

/* Each octet of it, and each value that the octet should not have. */
static void refuse_all_corruptions(struct pair *pair,
				   struct test_octets message)
{
	for (size_t at = 0; at < message.len; at++) {
		for (unsigned int change = 1; change < 256; change++) {
			message.octets[at] ^= change;
			assert_refused(pair, &message, at);
			message.octets[at] ^= change;
		}
	}
	assert_int_equal(open_message(pair->gcks, pair->bare, &message), 0);
}

static void corrupted(void **state)
{
	struct pair pair = pair_new();

	(void)state;
	refuse_all_corruptions(&pair, RFC9838("gsa-auth-request"));
	pair_free(&pair);
}

/* Shorter and longer, with all lengths put right. */
static void of_another_length(void **state)
{
	struct pair pair = pair_new();
	struct test_octets message = RFC9838("gsa-auth-request");
	size_t right = message.len;

	(void)state;
	for (size_t len = GIKEV2_HEADER_LEN; len < right + 20; len++) {
		if (len == right)
			continue;
		message.len = len;
		gikev2_put_int(message.octets + 24, len, 4);
		gikev2_put_int(message.octets + 30, len - GIKEV2_HEADER_LEN, 2);
		assert_refused(&pair, &message, len);
	}
	pair_free(&pair);
}

/*
 * A length of SK that does not fit is as good as a wrong ICV: nobody vouches
 * for it, so it may not end the SA.
 */
static void length_of_sk_lies(void **state)
{
	struct pair pair = pair_new();
	struct test_octets message = RFC9838("gsa-auth-request");
	size_t right = message.len - GIKEV2_HEADER_LEN;

	(void)state;
	for (size_t len = 0; len < 65536; len++) {
		gikev2_put_int(message.octets + 30, len, 2);
		if (len != right)
			assert_refused(&pair, &message, len);
	}
	pair_free(&pair);
}

/* ----------------------------------------------------------------- padding */

static const struct {
	const char *what, *text;
	uint8_t first;
	int expected;
	size_t count;
} texts[] = {
	{ "nothing, not even a pad length", "", 0, -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "no payload", "00", 0, 0, 0 },
	{ "no payload, padded", "aabbcc 03", 0, 0, 0 },
	{ "padding over all", "aabbcc 04", 0, -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "padding over all by far", "aabbcc ff", 0, -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "payload", "00 00 0005 07 00", GIKEV2_PLD_VENDOR, 0, 1 },
	{ "payload, padded", "00 00 0005 07 0102 02", GIKEV2_PLD_VENDOR, 0, 1 },
	{ "padding into the payload", "00 00 0005 07 01", GIKEV2_PLD_VENDOR,
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "padding too short", "00 00 0005 07 0102 01", GIKEV2_PLD_VENDOR,
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "payload not announced", "00 00 0005 07 00", 0,
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "announced, but not there", "00", GIKEV2_PLD_VENDOR,
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
};

static void padding(void **state)
{
	struct pair pair = pair_new();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct test_octets text = test_hex(texts[i].text);
		struct test_octets message = bare_seal(pair.gm,
						       GIKEV2_INFORMATIONAL, 2,
						       texts[i].first, &text);
		int ret = open_message(pair.gcks, pair.bare, &message);

		if (ret != texts[i].expected)
			fail_msg("%s: %d", texts[i].what, ret);
		if (ret == 0)
			assert_int_equal(
				pair.bare->engine->scratch->rx_payloads.count,
				texts[i].count);
	}
	pair_free(&pair);
}

/* 255 octets are the most that can be said. */
static void long_padding(void **state)
{
	struct pair pair = pair_new();
	struct test_octets text = { .len = 256 }, message;

	(void)state;
	text.octets[255] = 255;
	message = bare_seal(pair.gm, GIKEV2_INFORMATIONAL, 2, 0, &text);
	assert_int_equal(open_message(pair.gcks, pair.bare, &message), 0);
	assert_int_equal(pair.bare->engine->scratch->rx_payloads.count, 0);
	pair_free(&pair);
}

/* Whatever its length, it fits the block, and comes out as it went in. */
static void cbc(void **state)
{
	struct pair pair = pair_cbc();
	struct gikev2_payloads payloads;
	struct test_octets data = test_sequence(0, 64), message, before = { 0 };

	(void)state;
	for (size_t len = 0; len < data.len; len++) {
		const struct gikev2_payload *got =
			&pair.bare->engine->scratch->rx_payloads.item[0];

		memset(&payloads, 0, sizeof(payloads));
		gikev2_payload_add(&payloads, GIKEV2_PLD_VENDOR)->octets.data =
			(struct gikev2_chunk){ data.octets, len };
		message = seal(pair.gm, GIKEV2_INFORMATIONAL, false, 2,
			       &payloads);
		assert_int_equal((message.len - 32 - 16 - 16) % 16, 0);
		assert_int_equal(open_message(pair.gcks, pair.bare, &message),
				 0);
		assert_int_equal(got->octets.data.len, len);
		assert_memory_equal(got->octets.data.ptr, data.octets, len);
		/* each direction has its own key for the ICV as well */
		assert_int_equal(open_message(pair.gm, pair.bare, &message),
				 -GIKEV2_ERR_BAD_ICV);
		/* the IV is drawn anew for each */
		assert_memory_not_equal(before.octets + 32, message.octets + 32,
					16);
		before = message;
	}
	refuse_all_corruptions(&pair, message);
	pair_free(&pair);
}

static void cbc_without_randomness(void **state)
{
	struct pair pair = pair_cbc();
	struct gikev2_payloads payloads = { 0 };
	struct test_octets out;
	struct gikev2_buf buf = { .ptr = out.octets,
				  .size = sizeof(out.octets) };

	(void)state;
	pair.bare->exhausted = true;
	assert_int_equal(gikev2_sk_seal(pair.gm, GIKEV2_INFORMATIONAL, false, 2,
					&payloads, &buf),
			 -GIKEV2_ERR_NO_RANDOM);
	pair_free(&pair);
}

/* ------------------------------------------------------- counter, room, header */

static uint64_t iv_of(const struct test_octets *message)
{
	return (uint64_t)gikev2_get_int(message->octets + 32, 4) << 32 |
	       gikev2_get_int(message->octets + 36, 4);
}

static void iv_counts(void **state)
{
	static const uint64_t starts[] = { 0, UINT32_MAX - 1, UINT64_MAX - 3 };
	struct pair pair = pair_new();
	struct gikev2_payloads payloads = { 0 };
	struct test_octets message;
	struct gikev2_buf buf = { .ptr = message.octets,
				  .size = sizeof(message.octets) };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		pair.gm->iv = starts[i];
		for (uint64_t n = 1; n <= 3; n++) {
			message = seal(pair.gm, GIKEV2_INFORMATIONAL, false, 2,
				       &payloads);
			assert_int_equal(iv_of(&message), starts[i] + n);
		}
	}
	/* used up: never the same again */
	assert_int_equal(gikev2_sk_seal(pair.gm, GIKEV2_INFORMATIONAL, false, 2,
					&payloads, &buf),
			 -GIKEV2_ERR_LIFETIME);
	pair_free(&pair);
}

static void header_says(void **state)
{
	struct pair pair = pair_new();
	struct gikev2_payloads payloads = { 0 };
	struct gikev2_header header;
	struct test_octets message;

	(void)state;
	message = seal(pair.gm, GIKEV2_INFORMATIONAL, false, 0x01020304,
		       &payloads);
	gikev2_header_get(message.octets, &header);
	assert_memory_equal(header.spi_i, pair.gm->spi_i, 8);
	assert_memory_equal(header.spi_r, pair.gm->spi_r, 8);
	assert_int_equal(header.next, GIKEV2_PLD_SK);
	assert_int_equal(header.version, GIKEV2_VERSION);
	assert_int_equal(header.exchange, GIKEV2_INFORMATIONAL);
	assert_int_equal(header.flags, GIKEV2_FLAG_I);
	assert_int_equal(header.id, 0x01020304);
	assert_int_equal(header.length, message.len);
	message = seal(pair.gm, GIKEV2_INFORMATIONAL, true, 0, &payloads);
	assert_int_equal(message.octets[19], GIKEV2_FLAG_I | GIKEV2_FLAG_R);
	message = seal(pair.gcks, GIKEV2_INFORMATIONAL, false, 0, &payloads);
	assert_int_equal(message.octets[19], 0);
	message = seal(pair.gcks, GIKEV2_INFORMATIONAL, true, 0, &payloads);
	assert_int_equal(message.octets[19], GIKEV2_FLAG_R);
	pair_free(&pair);
}

/* What does not fit into a message of ours is not sent cut short. */
static void too_long(void **state)
{
	static uint8_t octets[GIKEV2_MESSAGE_MAX], room[GIKEV2_MESSAGE_MAX];
	struct pair pair = pair_new();
	struct gikev2_payloads payloads = { 0 };
	struct gikev2_payload *vendor =
		gikev2_payload_add(&payloads, GIKEV2_PLD_VENDOR);
	/* headers of message, SK and payload; IV, pad length, ICV */
	size_t around = 28 + 4 + 4 + 8 + 1 + 16;
	struct gikev2_buf buf = { .ptr = room, .size = sizeof(room) };

	(void)state;
	vendor->octets.data =
		(struct gikev2_chunk){ octets,
				       GIKEV2_MESSAGE_MAX - around + 1 };
	assert_int_equal(gikev2_sk_seal(pair.gm, GIKEV2_INFORMATIONAL, false, 2,
					&payloads, &buf),
			 -GIKEV2_ERR_TOO_LONG);
	vendor->octets.data.len = GIKEV2_MESSAGE_MAX;
	buf = (struct gikev2_buf){ .ptr = room, .size = sizeof(room) };
	assert_int_equal(gikev2_sk_seal(pair.gm, GIKEV2_INFORMATIONAL, false, 2,
					&payloads, &buf),
			 -GIKEV2_ERR_TOO_LONG);
	vendor->octets.data.len = GIKEV2_MESSAGE_MAX - around;
	buf = (struct gikev2_buf){ .ptr = room, .size = sizeof(room) };
	assert_int_equal(gikev2_sk_seal(pair.gm, GIKEV2_INFORMATIONAL, false, 2,
					&payloads, &buf),
			 0);
	assert_int_equal(buf.len, GIKEV2_MESSAGE_MAX);
	pair_free(&pair);
}

/* -------------------------------------------------------------------- keys */

static void set_octets(struct gikev2_octets *octets, const uint8_t *ptr,
		       size_t len)
{
	assert_int_equal(gikev2_octets_set(octets, ptr, len), 0);
}

/* The KE payload's data in one of the vectors' IKE_SA_INIT messages. */
static void peer_value(struct bare *bare, struct gikev2_setup *setup,
		       const char *name)
{
	struct test_octets message = RFC9838(name);
	struct gikev2_payloads *payloads = &bare->engine->scratch->rx_payloads;
	const struct gikev2_payload *ke;

	bare->engine->arena.used = 0;
	assert_int_equal(gikev2_payloads_parse(
				 (struct gikev2_chunk){ message.octets + 28,
							message.len - 28 },
				 message.octets[16], &bare->engine->arena,
				 payloads),
			 0);
	ke = gikev2_payload_find(payloads, GIKEV2_PLD_KE);
	set_octets(&setup->peer_ke, ke->ke.data.ptr, ke->ke.data.len);
}

static void assert_vector(const uint8_t *octets, const char *name)
{
	struct test_octets want = RFC9838(name);

	if (memcmp(octets, want.octets, want.len))
		fail_msg("%s is wrong", name);
}

static void derive(bool initiator)
{
	struct bare *bare = bare_new();
	struct test_octets spi_i = RFC9838("spi-i"), spi_r = RFC9838("spi-r");
	struct test_octets ni = RFC9838("nonce-i"), nr = RFC9838("nonce-r");
	struct gikev2_ike *ike = bare_ike(bare, initiator, &spi_i, &spi_r);
	struct test_octets private =
		RFC9838(initiator ? "private-i" : "private-r");
	struct test_random random = { private.octets, private.len, 0 };
	uint8_t kwk[GIKEV2_KWK_MAX];

	assert_int_equal(gikev2_ke_new(bare->engine->crypto, ike->suite.ke,
				       test_random, &random, &ike->setup->ke),
			 0);
	peer_value(bare, ike->setup,
		   initiator ? "ike-sa-init-response" : "ike-sa-init-request");
	set_octets(&ike->setup->ni, ni.octets, ni.len);
	set_octets(&ike->setup->nr, nr.octets, nr.len);
	assert_int_equal(gikev2_sk_derive(ike), 0);
	assert_true(ike->setup->keyed);
	assert_vector(ike->sk_d, "sk-d");
	assert_vector(ike->sk_ei, "sk-ei");
	assert_vector(ike->sk_er, "sk-er");
	assert_vector(ike->setup->sk_pi, "sk-pi");
	assert_vector(ike->setup->sk_pr, "sk-pr");
	assert_int_equal(gikev2_kwk(ike, kwk), 0);
	assert_vector(kwk, "gsk-w");
	/* once is enough: the second time changes nothing */
	ike->setup->nr.ptr[0] ^= 1;
	assert_int_equal(gikev2_sk_derive(ike), 0);
	assert_vector(ike->sk_d, "sk-d");
	bare_free(bare);
}

static void keys_of_the_initiator(void **state)
{
	(void)state;
	derive(true);
}

static void keys_of_the_responder(void **state)
{
	(void)state;
	derive(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_vector),
		cmocka_unit_test(response_vector),
		cmocka_unit_test(own_message),
		cmocka_unit_test(corrupted),
		cmocka_unit_test(of_another_length),
		cmocka_unit_test(length_of_sk_lies),
		cmocka_unit_test(padding),
		cmocka_unit_test(long_padding),
		cmocka_unit_test(cbc),
		cmocka_unit_test(cbc_without_randomness),
		cmocka_unit_test(iv_counts),
		cmocka_unit_test(header_says),
		cmocka_unit_test(too_long),
		cmocka_unit_test(keys_of_the_initiator),
		cmocka_unit_test(keys_of_the_responder),
	};

	return cmocka_run_group_tests_name("sk", tests, NULL, NULL);
}
