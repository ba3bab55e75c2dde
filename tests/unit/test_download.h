// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GSA and KD payloads in hex, as a member reads them.  Letters in the hex of
 * KD stand for a wrapped key: W, Y: keys of 32 octets; S: of 31; L: of 64;
 * G: of 20; T: of 36; Q: of 48; B: longer than any; N: of 32 with a NUL octet;
 * X: W with one bit wrong.
 */
#ifndef TEST_DOWNLOAD_H
#define TEST_DOWNLOAD_H

#include "test_bare.h"

#define NOW (5000 * GIKEV2_SECOND)

struct fixture {
	struct bare *bare;
	struct gikev2_wrapper wrapper;
	struct gikev2_origin origin;
	struct gikev2_member_config config;
	struct gikev2_download download;
	bool transport; /* N(USE_TRANSPORT_MODE) goes along */
};

static inline struct fixture *fixture_new(void)
{
	static struct fixture f;

	f = (struct fixture){ .bare = bare_new(),
			      .origin = { .wrapper = &f.wrapper,
					  .profile = true } };
	f.wrapper.kwa = gikev2_kwa_find(GIKEV2_KW_5649_256);
	memset(f.wrapper.kwk, 0x55, sizeof(f.wrapper.kwk));
	f.config.offers[0] = (struct gikev2_offer){
		201, KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_256) |
			     KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_1)
	};
	f.config.offer_count = 1;
	return &f;
}

static inline void fixture_free(struct fixture *f)
{
	gikev2_download_wipe(&f->download);
	bare_free(f->bare);
}

static inline size_t key_len(char letter)
{
	switch (letter) {
	case 'G':
		return 20;
	case 'T':
		return 36;
	case 'Q':
		return 48;
	case 'S':
		return 31;
	case 'L':
		return 64;
	case 'B':
		return KEYTABLE_KEY_MAX + 2;
	default:
		return 32;
	}
}

/* The key that a letter stands for, wrapped. */
static inline struct test_octets wrapped(struct fixture *f, char letter)
{
	size_t len = key_len(letter);
	struct test_octets plain = test_sequence(letter, len), out;

	out.len = sizeof(out.octets);
	if (letter == 'N')
		plain.octets[31] = 0;
	if (letter == 'X')
		plain = test_sequence('W', len);
	assert_int_equal(
		gikev2_wrap(f->bare->engine->crypto, f->wrapper.kwa,
			    f->wrapper.kwk,
			    (struct gikev2_chunk){ plain.octets, plain.len },
			    out.octets, &out.len),
		0);
	if (letter == 'X')
		out.octets[20] ^= 1;
	return out;
}

/* Hex with letters in it. */
static inline struct test_octets expand(struct fixture *f, const char *text)
{
	struct test_octets out = { 0 }, part;
	char hex[2048];

	while (*text) {
		size_t len = strcspn(text, "WYSLNXBGTQ");

		assert_true(len < sizeof(hex));
		memcpy(hex, text, len);
		hex[len] = '\0';
		part = test_hex(hex);
		out = test_join(out, &part);
		text += len;
		if (*text) {
			part = wrapped(f, *text++);
			out = test_join(out, &part);
		}
	}
	return out;
}

static inline size_t put_payload(uint8_t *at, uint8_t next,
				 const struct test_octets *body)
{
	at[0] = next;
	at[1] = 0;
	gikev2_put_int(at + 2, GIKEV2_PAYLOAD_HEADER_LEN + body->len, 2);
	memcpy(at + GIKEV2_PAYLOAD_HEADER_LEN, body->octets, body->len);
	return GIKEV2_PAYLOAD_HEADER_LEN + body->len;
}

static inline int read_octets(struct fixture *f, const struct test_octets *gsa,
			      const struct test_octets *kd)
{
	struct gikev2 *engine = f->bare->engine;
	static const struct test_octets mode = { .octets = { 0, 0, 0x40, 7 },
						 .len = 4 };
	uint8_t octets[3 * (GIKEV2_PAYLOAD_HEADER_LEN + TEST_OCTETS_MAX)];
	size_t len = put_payload(octets, GIKEV2_PLD_KD, gsa);
	int ret;

	len += put_payload(octets + len, f->transport ? GIKEV2_PLD_NOTIFY : 0,
			   kd);
	if (f->transport)
		len += put_payload(octets + len, 0, &mode);
	engine->arena.used = 0;
	ret = gikev2_payloads_parse((struct gikev2_chunk){ octets, len },
				    GIKEV2_PLD_GSA, &engine->arena,
				    &engine->scratch->rx_payloads);
	if (ret < 0)
		return ret;
	gikev2_download_wipe(&f->download);
	return gikev2_policy_read(engine, &f->origin,
				  &engine->scratch->rx_payloads, &f->config,
				  &f->download, NOW);
}

static inline int read_text(struct fixture *f, const char *gsa, const char *kd)
{
	struct test_octets gsa_body = expand(f, gsa), kd_body = expand(f, kd);

	return read_octets(f, &gsa_body, &kd_body);
}

#endif /* TEST_DOWNLOAD_H */
