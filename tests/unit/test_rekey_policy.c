// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policies of a Rekey SA as a member reads them: what RFC 9838 section 4.4.2
 * demands of them, one by one, at registration and over the Rekey SA itself.
 */
#include "test_download.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define SPI "a0a1a2a3a4a5a6a7b0b1b2b3b4b5b6b7"
#define ANY "07110010 0000ffff 00000000 ffffffff "
#define FROM "07110010 03500350 0a000001 0a000001 "
#define TO "07110010 03500350 efc00101 efc00101 "
#define GCM128 "0300000c 01000014 800e0080 "
#define CBC128 "0300000c 0100000c 800e0080 "
#define SHA256 "03000008 0300000c "
#define NONE "03000008 03000000 "
#define KWA128 "03000008 0d000001 "
#define LAST_KWA128 "00000008 0d000001 "
#define IMPLICIT "00000008 0e000001 "
#define ED25519 "00120007 300506032b6570 "
#define SIGNATURE "00000013 0e000002 " ED25519
#define LIFE "0001 0004 00015180 "
#define FIRST_ID "0002 0004 00000009 "
#define NEXT_SPI "0003 0010 c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d7 "

#define REFUSED (-GIKEV2_ERR_BAD_POLICY)
#define MALFORMED (-GIKEV2_ERR_BAD_SYNTAX)
#define ATTRIBUTE (-GIKEV2_ERR_BAD_ATTRIBUTE)

/* AES-GCM-128 and KW_5649_128 take 20 + 16 octets, which is the letter T. */
static const struct {
	const char *what, *spi, *body;
	char key; /* of SA_KEY; 0: there is no bag */
	bool auth_key;
	int expected;
} policies[] = {
	{ "implicit", SPI, ANY TO GCM128 KWA128 IMPLICIT LIFE, 'T', false, 0 },
	{ "signed", SPI, FROM TO GCM128 KWA128 SIGNATURE LIFE, 'T', true, 0 },
	{ "transforms in another order", SPI,
	  ANY TO KWA128 "03000008 0e000001 0000000c 01000014 800e0080" LIFE,
	  'T', false, 0 },
	{ "AEAD and INTEG NONE", SPI, ANY TO GCM128 NONE KWA128 IMPLICIT LIFE,
	  'T', false, 0 },
	{ "an ID to begin with, the next SPI", SPI,
	  ANY TO GCM128 KWA128 IMPLICIT LIFE FIRST_ID NEXT_SPI NEXT_SPI, 'T',
	  false, 0 },

	/* transforms: exactly one of each type */
	{ "AEAD and INTEG", SPI, ANY TO GCM128 SHA256 KWA128 IMPLICIT LIFE, 'T',
	  false, REFUSED },
	{ "AES-CBC without INTEG", SPI, ANY TO CBC128 KWA128 IMPLICIT LIFE, 'T',
	  false, REFUSED },
	{ "AES-CBC and INTEG NONE", SPI,
	  ANY TO CBC128 NONE KWA128 IMPLICIT LIFE, 'T', false, REFUSED },
	{ "no ENCR", SPI, ANY TO KWA128 IMPLICIT LIFE, 'T', false, REFUSED },
	{ "no KWA", SPI, ANY TO GCM128 IMPLICIT LIFE, 'T', false, REFUSED },
	{ "no GCAUTH", SPI, ANY TO GCM128 LAST_KWA128 LIFE, 'T', false,
	  MALFORMED },
	{ "two KWAs", SPI, ANY TO GCM128 KWA128 KWA128 IMPLICIT LIFE, 'T',
	  false, MALFORMED },
	{ "two ENCRs", SPI, ANY TO GCM128 GCM128 KWA128 IMPLICIT LIFE, 'T',
	  false, MALFORMED },
	{ "ENCR with implicit IV", SPI,
	  ANY TO "0300000c 0100001e 800e0080 " KWA128 IMPLICIT LIFE, 'T', false,
	  REFUSED },
	{ "KW_ARX", SPI, ANY TO GCM128 "03000008 0d000004 " IMPLICIT LIFE, 'T',
	  false, REFUSED },
	{ "SN", SPI, ANY TO GCM128 KWA128 "03000008 05000000 " IMPLICIT LIFE,
	  'T', false, REFUSED },

	/* how GSA_REKEY is authenticated */
	{ "GCAUTH of no known method", SPI,
	  ANY TO GCM128 KWA128 "00000008 0e000003 " LIFE, 'T', false, REFUSED },
	{ "signature without its algorithm", SPI,
	  ANY TO GCM128 KWA128 "00000008 0e000002 " LIFE, 'T', true,
	  MALFORMED },
	{ "signature with an unknown algorithm", SPI,
	  ANY TO GCM128 KWA128
	  "00000013 0e000002 00120007 300506032b6573 " LIFE,
	  'T', true, REFUSED },
	{ "an algorithm with Implicit", SPI,
	  ANY TO GCM128 KWA128 "00000013 0e000001 " ED25519 LIFE, 'T', false,
	  MALFORMED },
	{ "signature without AUTH_KEY", SPI,
	  ANY TO GCM128 KWA128 SIGNATURE LIFE, 'T', false, MALFORMED },
	{ "AUTH_KEY with Implicit", SPI, ANY TO GCM128 KWA128 IMPLICIT LIFE,
	  'T', true, MALFORMED },
	{ "AUTH_KEY that does not fit", SPI,
	  ANY TO GCM128 KWA128
	  "00000018 0e000002 0012000c 300a06082a8648ce3d040302 " LIFE,
	  'T', true, REFUSED },

	/* selectors: one multicast address, one port */
	{ "to one router", SPI,
	  ANY
	  "07110010 03500350 0a000001 0a000001 " GCM128 KWA128 IMPLICIT LIFE,
	  'T', false, REFUSED },
	{ "to two groups", SPI,
	  ANY
	  "07110010 03500350 efc00101 efc00102 " GCM128 KWA128 IMPLICIT LIFE,
	  'T', false, REFUSED },
	{ "to two ports", SPI,
	  ANY
	  "07110010 03500351 efc00101 efc00101 " GCM128 KWA128 IMPLICIT LIFE,
	  'T', false, REFUSED },
	{ "to a group by TCP", SPI,
	  ANY
	  "07060010 03500350 efc00101 efc00101 " GCM128 KWA128 IMPLICIT LIFE,
	  'T', false, REFUSED },
	{ "to a group by any protocol", SPI,
	  ANY
	  "07000010 03500350 efc00101 efc00101 " GCM128 KWA128 IMPLICIT LIFE,
	  'T', false, REFUSED },
	{ "from a router by TCP", SPI,
	  "07060010 03500350 0a000001 0a000001 " TO GCM128 KWA128 IMPLICIT LIFE,
	  'T', false, REFUSED },
	{ "one selector", SPI, TO GCM128 KWA128 IMPLICIT LIFE, 'T', false,
	  MALFORMED },

	/* attributes */
	{ "no lifetime", SPI, ANY TO GCM128 KWA128 IMPLICIT, 'T', false,
	  REFUSED },
	{ "two lifetimes", SPI, ANY TO GCM128 KWA128 IMPLICIT LIFE LIFE, 'T',
	  false, ATTRIBUTE },
	{ "two IDs to begin with", SPI,
	  ANY TO GCM128 KWA128 IMPLICIT LIFE FIRST_ID FIRST_ID, 'T', false,
	  ATTRIBUTE },
	{ "an ID of two octets", SPI,
	  ANY TO GCM128 KWA128 IMPLICIT LIFE "0002 0002 0009", 'T', false,
	  ATTRIBUTE },
	{ "an ID of five octets", SPI,
	  ANY TO GCM128 KWA128 IMPLICIT LIFE "0002 0005 0000000900", 'T', false,
	  ATTRIBUTE },
	{ "a lifetime of eight octets", SPI,
	  ANY TO GCM128 KWA128 IMPLICIT "0001 0008 0000000000015180", 'T',
	  false, ATTRIBUTE },
	{ "next SPI of four octets", SPI,
	  ANY TO GCM128 KWA128 IMPLICIT LIFE "0003 0004 00001001", 'T', false,
	  ATTRIBUTE },

	/* SPI and keys */
	{ "SPI of eight octets", "a0a1a2a3a4a5a6a7",
	  ANY TO GCM128 KWA128 IMPLICIT LIFE, 'T', false, MALFORMED },
	{ "no key bag", SPI, ANY TO GCM128 KWA128 IMPLICIT LIFE, 0, false,
	  MALFORMED },
	{ "keys four octets short", SPI, ANY TO GCM128 KWA128 IMPLICIT LIFE,
	  'W', false, -GIKEV2_ERR_BAD_KEY },
	{ "keys for more", SPI, ANY TO GCM128 KWA128 IMPLICIT LIFE, 'Q', false,
	  -GIKEV2_ERR_BAD_KEY },
};

static struct test_octets substructure(uint8_t protocol,
				       const struct test_octets *spi,
				       const struct test_octets *rest)
{
	struct test_octets out = { .len = 4 };

	out.octets[0] = protocol;
	out.octets[1] = spi->len;
	gikev2_put_int(out.octets + 2, 4 + spi->len + rest->len, 2);
	out = test_join(out, spi);
	return test_join(out, rest);
}

/* One TLV attribute. */
static struct test_octets attribute(uint16_t type,
				    const struct test_octets *value)
{
	struct test_octets out = { .len = 4 };

	gikev2_put_int(out.octets, type, 2);
	gikev2_put_int(out.octets + 2, value->len, 2);
	return test_join(out, value);
}

static struct test_octets sa_key(struct fixture *f, char letter)
{
	struct test_octets key = { .len = GIKEV2_WRAPPED_HEADER_LEN };
	struct test_octets octets = wrapped(f, letter);

	key = test_join(key, &octets);
	return attribute(GIKEV2_SA_KEY, &key);
}

/* A member key bag with the public key of an Ed25519 key. */
static struct test_octets auth_key(void)
{
	static const uint8_t seed[GIKEV2_ED25519_SEED_LEN] = { 7 };
	struct test_octets spki = { .len = sizeof(spki.octets) }, none = { 0 };
	struct gikev2_key *key;

	assert_int_equal(gikev2_key_from_seed(seed, &key), 0);
	assert_int_equal(gikev2_key_spki(key, spki.octets, &spki.len), 0);
	gikev2_key_free(key);
	spki = attribute(GIKEV2_AUTH_KEY, &spki);
	return substructure(GIKEV2_PROTO_NONE, &none, &spki);
}

static int read_policy(struct fixture *f, const char *spi_hex,
		       const char *body_hex, char letter, bool with_auth_key)
{
	struct test_octets spi = test_hex(spi_hex), body = test_hex(body_hex);
	struct test_octets gsa =
		substructure(GIKEV2_PROTO_GIKE_UPDATE, &spi, &body);
	struct test_octets kd = { 0 }, more = auth_key();

	if (letter) {
		kd = sa_key(f, letter);
		kd = substructure(GIKEV2_PROTO_GIKE_UPDATE, &spi, &kd);
	}
	if (with_auth_key)
		kd = test_join(kd, &more);
	return read_octets(f, &gsa, &kd);
}

static void at_registration(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		int ret = read_policy(f, policies[i].spi, policies[i].body,
				      policies[i].key, policies[i].auth_key);

		if (ret != policies[i].expected)
			fail_msg("%s: %d", policies[i].what, ret);
		assert_int_equal(f->download.kek.alive, ret == 0);
	}
	fixture_free(f);
}

static void fields_read(void **state)
{
	struct fixture *f = fixture_new();
	const struct gikev2_kek *kek = &f->download.kek;
	struct test_octets keymat = test_sequence('T', 36);

	(void)state;
	assert_int_equal(read_policy(f, SPI,
				     FROM TO GCM128 KWA128 SIGNATURE LIFE
					     FIRST_ID NEXT_SPI,
				     'T', true),
			 0);
	assert_hex_equal(kek->spi, sizeof(kek->spi), SPI);
	assert_memory_equal(kek->gsk_e, keymat.octets, 20);
	assert_memory_equal(kek->gsk_w, keymat.octets + 20, 16);
	assert_int_equal(kek->next_id, 9);
	assert_int_equal(kek->end, NOW + 86400 * GIKEV2_SECOND);
	assert_int_equal(kek->destination.port, 848);
	assert_hex_equal(kek->destination.ip, 4, "efc00101");
	assert_hex_equal(kek->source.ip, 4, "0a000001");
	assert_int_equal(kek->next_spi_count, 1);
	assert_non_null(kek->auth_key);
	/* without the attribute the first message has ID 0 */
	assert_int_equal(read_policy(f, SPI, ANY TO GCM128 KWA128 IMPLICIT LIFE,
				     'T', false),
			 0);
	assert_int_equal(kek->next_id, 0);
	assert_int_equal(kek->source.family, 0);
	assert_null(kek->auth_key);
	/* from one address and any port: the address still counts */
	assert_int_equal(
		read_policy(f, SPI,
			    "07110010 0000ffff 0a000001 0a000001 " TO GCM128
				    KWA128 IMPLICIT LIFE,
			    'T', false),
		0);
	assert_int_equal(kek->source.family, 4);
	assert_int_equal(kek->source.port, 0);
	assert_hex_equal(kek->source.ip, 4, "0a000001");
	fixture_free(f);
}

/* Over a Rekey SA: how it is authenticated cannot change, nor be said again. */
static void over_a_rekey_sa(void **state)
{
	static const struct gikev2_kek carrier = { .alive = true };
	struct fixture *f = fixture_new();

	(void)state;
	f->origin.carrier = &carrier;
	assert_int_equal(read_policy(f, SPI, ANY TO GCM128 LAST_KWA128 LIFE,
				     'T', false),
			 0);
	assert_null(f->download.kek.sign_alg);
	assert_int_equal(read_policy(f, SPI, ANY TO GCM128 KWA128 IMPLICIT LIFE,
				     'T', false),
			 MALFORMED);
	assert_int_equal(read_policy(f, SPI,
				     ANY TO GCM128 KWA128 SIGNATURE LIFE, 'T',
				     true),
			 MALFORMED);
	/* a key for signatures, where there are none */
	assert_int_equal(read_policy(f, SPI, ANY TO GCM128 LAST_KWA128 LIFE,
				     'T', true),
			 MALFORMED);
	fixture_free(f);
}

/* There is one Rekey SA, or none. */
static void two_at_once(void **state)
{
	struct fixture *f = fixture_new();
	struct test_octets spi = test_hex(SPI);
	struct test_octets body = test_hex(ANY TO GCM128 KWA128 IMPLICIT LIFE);
	struct test_octets key = sa_key(f, 'T'), gsa, kd, more;

	(void)state;
	gsa = substructure(GIKEV2_PROTO_GIKE_UPDATE, &spi, &body);
	kd = substructure(GIKEV2_PROTO_GIKE_UPDATE, &spi, &key);
	assert_int_equal(read_octets(f, &gsa, &kd), 0);
	spi.octets[0]++;
	more = substructure(GIKEV2_PROTO_GIKE_UPDATE, &spi, &body);
	gsa = test_join(gsa, &more);
	more = substructure(GIKEV2_PROTO_GIKE_UPDATE, &spi, &key);
	kd = test_join(kd, &more);
	assert_int_equal(read_octets(f, &gsa, &kd), MALFORMED);
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_registration),
		cmocka_unit_test(fields_read),
		cmocka_unit_test(over_a_rekey_sa),
		cmocka_unit_test(two_at_once),
	};

	return cmocka_run_group_tests_name("rekey_policy", tests, NULL, NULL);
}
