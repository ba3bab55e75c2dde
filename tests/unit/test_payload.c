// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Payloads: the published vectors read and made again octet by octet, then
 * each payload by itself, then chains of payloads that are not in order.
 */
#include "gikev2/gikev2_int.h"
#include "vectors.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define FILE_RFC9838 "rfc9838.txt"

struct parsed {
	struct gikev2_arena arena;
	struct gikev2_payloads payloads;
	struct test_octets in;
};

static int setup(void **state)
{
	struct parsed *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	p->arena.size = GIKEV2_ARENA_SIZE;
	p->arena.base = malloc(p->arena.size);
	*state = p;
	return p->arena.base ? 0 : -1;
}

static int teardown(void **state)
{
	struct parsed *p = *state;

	free(p->arena.base);
	free(p);
	return 0;
}

/* From memory of exactly that size, so that a step beyond it is seen. */
static int parse_len(struct parsed *p, const uint8_t *octets, size_t len,
		     uint8_t first)
{
	static uint8_t *copy;

	free(copy);
	copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, octets, len);
	p->arena.used = 0;
	return gikev2_payloads_parse((struct gikev2_chunk){ copy, len }, first,
				     &p->arena, &p->payloads);
}

static int parse(struct parsed *p, const char *hex, uint8_t first)
{
	p->in = test_hex(hex);
	return parse_len(p, p->in.octets, p->in.len, first);
}

static struct test_octets generate(const struct parsed *p, uint8_t *first)
{
	struct test_octets out = { 0 };
	struct gikev2_buf buf = { .ptr = out.octets,
				  .size = sizeof(out.octets) };

	*first = gikev2_payloads_generate(&p->payloads, &buf);
	assert_false(buf.overflow);
	out.len = buf.len;
	return out;
}

/* generate(parse(in)) is in. */
static void assert_same_again(struct parsed *p, const struct test_octets *in,
			      uint8_t first)
{
	struct test_octets out;
	uint8_t again;

	assert_int_equal(parse_len(p, in->octets, in->len, first), 0);
	out = generate(p, &again);
	assert_int_equal(again, first);
	assert_int_equal(out.len, in->len);
	assert_memory_equal(out.octets, in->octets, in->len);
}

static void assert_same_hex(struct parsed *p, const char *hex, uint8_t first)
{
	struct test_octets in = test_hex(hex);

	assert_same_again(p, &in, first);
}

/* ------------------------------------------------------- published vectors */

/* A vector as a chain of payloads. */
struct chain {
	struct test_octets octets;
	uint8_t first;
};

static const struct {
	const char *name;
	uint8_t first; /* 0: the name is that of a whole message */
	bool body;     /* of that one payload, without generic header */
} vectors[] = {
	{ "ike-sa-init-request", 0, false },
	{ "ike-sa-init-response", 0, false },
	{ "gsa-auth-request-inner", GIKEV2_PLD_IDI, false },
	{ "gsa-auth-response-inner", GIKEV2_PLD_IDR, false },
	{ "gsa-body", GIKEV2_PLD_GSA, true },
	{ "kd-body", GIKEV2_PLD_KD, true },
	{ "gsa-rekey-p", GIKEV2_PLD_GSA, false },
	{ "lkh-kd-body", GIKEV2_PLD_KD, true },
};

static struct chain get_chain(size_t i)
{
	struct chain chain = { vector(FILE_RFC9838, vectors[i].name),
			       vectors[i].first };
	struct test_octets head = { .len = GIKEV2_PAYLOAD_HEADER_LEN };

	if (!chain.first) {
		chain.first = chain.octets.octets[16];
		chain.octets.len -= GIKEV2_HEADER_LEN;
		memmove(chain.octets.octets,
			chain.octets.octets + GIKEV2_HEADER_LEN,
			chain.octets.len);
	}
	if (vectors[i].body) {
		gikev2_put_int(head.octets + 2, chain.octets.len + head.len, 2);
		chain.octets = test_join(head, &chain.octets);
	}
	return chain;
}

static void vectors_round_trip(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct chain chain = get_chain(i);

		assert_same_again(*state, &chain.octets, chain.first);
	}
}

/* No prefix of a chain is a chain, nor is it with one octet more. */
static void vectors_cut_short(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct chain chain = get_chain(i);

		for (size_t len = 0; len < chain.octets.len; len++)
			assert_int_equal(parse_len(*state, chain.octets.octets,
						   len, chain.first),
					 -GIKEV2_ERR_BAD_SYNTAX);
		assert_int_equal(parse_len(*state, chain.octets.octets,
					   chain.octets.len + 1, chain.first),
				 -GIKEV2_ERR_BAD_SYNTAX);
	}
}

/*
 * What can be read at all can be made again, and reads the same: with each
 * bit of each vector turned round.
 */
static void vectors_with_one_bit_wrong(void **state)
{
	struct parsed *p = *state;
	unsigned int accepted = 0, refused = 0;

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct chain chain = get_chain(i);

		for (size_t bit = 0; bit < chain.octets.len * 8; bit++) {
			struct test_octets once, twice;
			uint8_t first;

			chain.octets.octets[bit / 8] ^= 1 << bit % 8;
			if (parse_len(p, chain.octets.octets, chain.octets.len,
				      chain.first)) {
				refused++;
			} else {
				accepted++;
				once = generate(p, &first);
				assert_int_equal(parse_len(p, once.octets,
							   once.len, first),
						 0);
				twice = generate(p, &first);
				assert_int_equal(twice.len, once.len);
				assert_memory_equal(twice.octets, once.octets,
						    once.len);
			}
			chain.octets.octets[bit / 8] ^= 1 << bit % 8;
		}
	}
	assert_true(accepted > 1000);
	assert_true(refused > 1000);
}

static const struct gikev2_policy *policy(const struct parsed *p, size_t i)
{
	const struct gikev2_payload *payload = gikev2_payload_find(
		(struct gikev2_payloads *)&p->payloads, GIKEV2_PLD_GSA);

	assert_non_null(payload);
	assert_true(i < payload->gsa.policies.count);
	return (const struct gikev2_policy *)payload->gsa.policies.items + i;
}

/* What stands in B-vectors' GSA: Rekey SA, ESP, group-wide policy. */
static void gsa_vector_fields(void **state)
{
	struct parsed *p = *state;
	struct chain chain = get_chain(4);
	const struct gikev2_policy *rekey, *esp, *wide;
	const struct gikev2_transform *transform;
	const struct gikev2_attr *attr;

	assert_int_equal(parse_len(p, chain.octets.octets, chain.octets.len,
				   chain.first),
			 0);
	rekey = policy(p, 0);
	esp = policy(p, 1);
	wide = policy(p, 2);
	assert_int_equal(rekey->protocol, GIKEV2_PROTO_GIKE_UPDATE);
	assert_hex_equal(rekey->spi.ptr, rekey->spi.len,
			 "a0a1a2a3a4a5a6a7b0b1b2b3b4b5b6b7");
	assert_int_equal(rekey->source.protocol, 17);
	assert_int_equal(rekey->source.start_port, 848);
	assert_hex_equal(rekey->destination.start, 4, "efc00101");
	assert_int_equal(rekey->transforms.count, 3);
	transform = rekey->transforms.items;
	assert_int_equal(transform[0].type, GIKEV2_XF_ENCR);
	assert_int_equal(transform[0].id, GIKEV2_ENCR_AES_GCM_16);
	assert_int_equal(gikev2_attr_find(&transform[0].attrs,
					  GIKEV2_ATTR_KEY_LENGTH, true, &attr),
			 1);
	assert_int_equal(attr->value, 256);
	assert_int_equal(transform[2].type, GIKEV2_XF_GCAUTH);
	assert_int_equal(gikev2_attr_find(&rekey->attrs,
					  GIKEV2_GSA_KEY_LIFETIME, false,
					  &attr),
			 1);
	assert_hex_equal(attr->data.ptr, attr->data.len, "00015180");
	assert_int_equal(esp->protocol, GIKEV2_PROTO_ESP);
	assert_int_equal(esp->source.end_port, 65535);
	assert_hex_equal(esp->source.end, 4, "ffffffff");
	assert_int_equal(esp->transforms.count, 3);
	assert_int_equal(wide->protocol, GIKEV2_PROTO_NONE);
	assert_int_equal(
		gikev2_attr_find(&wide->attrs, GIKEV2_GWP_DTD, true, &attr), 1);
	assert_int_equal(attr->value, 20);
}

/* ------------------------------------------------------ policies by themselves */

/* One GSA payload with these policies. */
static int parse_gsa(struct parsed *p, const char *policies)
{
	struct test_octets body = test_hex(policies);
	struct test_octets in = { .len = GIKEV2_PAYLOAD_HEADER_LEN };

	gikev2_put_int(in.octets + 2, body.len + in.len, 2);
	p->in = test_join(in, &body);
	return parse_len(p, p->in.octets, p->in.len, GIKEV2_PLD_GSA);
}

static void policy_of_ospfv2(void **state)
{
	struct parsed *p = *state;
	const struct gikev2_attr *attr;

	assert_int_equal(parse_gsa(p, "c9 01 0010 07 00 0003"
				      "0001 0004 00000e10"),
			 0);
	assert_int_equal(policy(p, 0)->protocol, 201);
	assert_hex_equal(policy(p, 0)->spi.ptr, policy(p, 0)->spi.len, "07");
	assert_int_equal(policy(p, 0)->auth_algo, 3);
	assert_int_equal(gikev2_attr_find(&policy(p, 0)->attrs,
					  GIKEV2_GSA_KEY_LIFETIME, false,
					  &attr),
			 1);
	assert_same_again(p, &p->in, GIKEV2_PLD_GSA);
}

static const struct {
	const char *what, *hex;
	int expected;
} policies[] = {
	{ "no policy", "", 0 },
	{ "no attributes", "c9 01 0008 07 00 0003", 0 },
	{ "one octet short", "c9 01 0007 07 00 00", -GIKEV2_ERR_BAD_SYNTAX },
	{ "length one long", "c9 01 0009 07 00 0003", -GIKEV2_ERR_BAD_SYNTAX },
	{ "length one short", "c9 01 0007 07 00 0003", -GIKEV2_ERR_BAD_SYNTAX },
	{ "SPI beyond the end", "c9 ff 0008 07 00 0003",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "octet behind the attributes", "c9 01 0009 07 00 0003 00",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "attribute beyond the end", "c9 01 000e 07 00 0003 0001 0004 0000",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "group-wide alone", "00 00 0004", 0 },
	{ "group-wide with delays", "00 ff 000c 8001 000a 8002 0014", 0 },
	{ "group-wide, length 3", "00 00 0003", -GIKEV2_ERR_BAD_SYNTAX },
	{ "unknown protocol", "fa 03 0009 01 02 03 04 05", 0 },
	{ "unknown protocol, length long", "fa 03 000a 01 02 03 04 05",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "AH without selectors", "02 04 0008 00001001",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "AH, IPv4 to IPv4",
	  "02 04 0038 00001001"
	  "07 67 0010 0000 ffff 00000000 ffffffff"
	  "07 67 0010 0000 ffff e000000d e000000d"
	  "03 00 0008 03 00 000c  00 00 0008 05 00 0002",
	  0 },
	{ "AH, selector of a type that is not there",
	  "02 04 0038 00001001"
	  "09 67 0010 0000 ffff 00000000 ffffffff"
	  "07 67 0010 0000 ffff e000000d e000000d"
	  "03 00 0008 03 00 000c  00 00 0008 05 00 0002",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "ESP, selectors as long as IPv6, but of another type",
	  "03 04 0068 00001001"
	  "09 59 0028 0000 ffff fe800000000000000000000000000000"
	  "febfffffffffffffffffffffffffffff"
	  "08 59 0028 0000 ffff 00000000000000000000000000000000"
	  "ffffffffffffffffffffffffffffffff"
	  "03 00 0008 01 00 000b  00 00 0008 05 00 0002",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "AH, IPv4 selector of length 40",
	  "02 04 0038 00001001"
	  "07 67 0028 0000 ffff 00000000 ffffffff"
	  "07 67 0010 0000 ffff e000000d e000000d"
	  "03 00 0008 03 00 000c  00 00 0008 05 00 0002",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "AH without transforms",
	  "02 04 0028 00001001"
	  "07 67 0010 0000 ffff 00000000 ffffffff"
	  "07 67 0010 0000 ffff e000000d e000000d",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "ESP, IPv6",
	  "03 04 0068 00001001"
	  "08 59 0028 0000 ffff fe800000000000000000000000000000"
	  "febfffffffffffffffffffffffffffff"
	  "08 59 0028 0000 ffff 00000000000000000000000000000000"
	  "ffffffffffffffffffffffffffffffff"
	  "03 00 0008 01 00 000b  00 00 0008 05 00 0002",
	  0 },
};

static void policies_read(void **state)
{
	struct parsed *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		int ret = parse_gsa(p, policies[i].hex);

		if (ret != policies[i].expected)
			fail_msg("%s: %d", policies[i].what, ret);
	}
}

static void unknown_policy_is_kept_apart(void **state)
{
	struct parsed *p = *state;

	assert_int_equal(parse_gsa(p, "fa 03 0009 01 02 03 04 05"
				      "c9 01 0008 07 00 0003"),
			 0);
	assert_int_equal(policy(p, 0)->protocol, 0xfa);
	assert_hex_equal(policy(p, 0)->unknown.ptr, policy(p, 0)->unknown.len,
			 "0102030405");
	assert_int_equal(policy(p, 1)->protocol, 201);
}

static void ipv6_selectors(void **state)
{
	struct parsed *p = *state;
	const struct gikev2_ts *ts;

	assert_int_equal(parse_gsa(p, policies[ARRAY_LEN(policies) - 1].hex),
			 0);
	ts = &policy(p, 0)->source;
	assert_int_equal(ts->type, 8);
	assert_int_equal(ts->protocol, 89);
	assert_hex_equal(ts->end, 16, "febfffffffffffffffffffffffffffff");
	assert_same_again(p, &p->in, GIKEV2_PLD_GSA);
}

/* --------------------------------------------------- payloads by themselves */

/* Bodies behind a generic header that fits. */
static int parse_one(struct parsed *p, uint8_t type, const char *body_hex)
{
	struct test_octets body = test_hex(body_hex);
	struct test_octets in = { .len = GIKEV2_PAYLOAD_HEADER_LEN };

	gikev2_put_int(in.octets + 2, body.len + in.len, 2);
	p->in = test_join(in, &body);
	return parse_len(p, p->in.octets, p->in.len, type);
}

#define NONCE_16 "00112233445566778899aabbccddeeff"

static const struct {
	const char *what;
	uint8_t type;
	const char *body;
	int expected;
} bodies[] = {
	{ "KE", GIKEV2_PLD_KE, "001f 0000 aabbcc", 0 },
	{ "KE too short", GIKEV2_PLD_KE, "001f 00", -GIKEV2_ERR_BAD_SYNTAX },
	{ "IDi", GIKEV2_PLD_IDI, "02 000000 7231", 0 },
	{ "IDr without data", GIKEV2_PLD_IDR, "0b 000000", 0 },
	{ "IDg too short", GIKEV2_PLD_IDG, "0b 0000", -GIKEV2_ERR_BAD_SYNTAX },
	{ "CERT", GIKEV2_PLD_CERT, "04 3000", 0 },
	{ "CERTREQ of raw public keys", GIKEV2_PLD_CERTREQ, "0f", 0 },
	{ "CERT too short", GIKEV2_PLD_CERT, "", -GIKEV2_ERR_BAD_SYNTAX },
	{ "AUTH", GIKEV2_PLD_AUTH, "02 000000 abcd", 0 },
	{ "AUTH too short", GIKEV2_PLD_AUTH, "02 0000",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "nonce of 16", GIKEV2_PLD_NONCE, NONCE_16, 0 },
	{ "nonce of 15", GIKEV2_PLD_NONCE, "00112233445566778899aabbccddee",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "vendor ID", GIKEV2_PLD_VENDOR, "ff", 0 },
	{ "empty vendor ID", GIKEV2_PLD_VENDOR, "", 0 },
	{ "notify", GIKEV2_PLD_NOTIFY, "00 00 402d 00000001", 0 },
	{ "notify with SPI", GIKEV2_PLD_NOTIFY, "03 04 000b 00001001 99", 0 },
	{ "notify, SPI too short", GIKEV2_PLD_NOTIFY, "03 04 000b 000010",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "notify too short", GIKEV2_PLD_NOTIFY, "00 00 40",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "delete of the IKE SA", GIKEV2_PLD_DELETE, "01 00 0000", 0 },
	{ "delete of two", GIKEV2_PLD_DELETE, "03 04 0002 00001001 00001002",
	  0 },
	{ "delete, one SPI missing", GIKEV2_PLD_DELETE, "03 04 0002 00001001",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "delete, one octet more", GIKEV2_PLD_DELETE, "03 04 0001 0000100100",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "delete, no size", GIKEV2_PLD_DELETE, "03 00 0001 00001001",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "delete, 512 of 128", GIKEV2_PLD_DELETE, "03 80 0200",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "delete of none", GIKEV2_PLD_DELETE, "03 04 0000", 0 },
	{ "delete, 65535 of 255", GIKEV2_PLD_DELETE, "03 ff ffff 00",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "SA", GIKEV2_PLD_SA, "00 00 0010 01 01 00 01  00 00 0008 01 00 0014",
	  0 },
	{ "SA with SPI", GIKEV2_PLD_SA,
	  "00 00 0018 01 01 08 01 0102030405060708  00 00 0008 01 00 0014", 0 },
	{ "SA without proposals", GIKEV2_PLD_SA, "", -GIKEV2_ERR_BAD_SYNTAX },
	{ "proposal without transforms", GIKEV2_PLD_SA,
	  "00 00 0008 01 01 00 00", -GIKEV2_ERR_BAD_SYNTAX },
	{ "one transform of two", GIKEV2_PLD_SA,
	  "00 00 0010 01 01 00 02  00 00 0008 01 00 0014",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "proposals that do not end", GIKEV2_PLD_SA,
	  "02 00 0010 01 01 00 01  00 00 0008 01 00 0014",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "KD without bags", GIKEV2_PLD_KD, "", 0 },
	{ "KD, group and member key bag", GIKEV2_PLD_KD,
	  "c9 01 000a 07 0001 0001 aa  00 00 0009 0001 0001 bb", 0 },
	{ "KD, bag too long", GIKEV2_PLD_KD, "c9 01 000b 07 0001 0001 aa",
	  -GIKEV2_ERR_BAD_SYNTAX },
	{ "KD, attribute too long", GIKEV2_PLD_KD, "c9 01 000a 07 0001 0002 aa",
	  -GIKEV2_ERR_BAD_SYNTAX },
};

static void each_payload(void **state)
{
	struct parsed *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		int ret = parse_one(p, bodies[i].type, bodies[i].body);

		if (ret != bodies[i].expected)
			fail_msg("%s: %d", bodies[i].what, ret);
		if (ret == 0)
			assert_same_again(p, &p->in, bodies[i].type);
	}
}

static void nonce_of_256(void **state)
{
	struct parsed *p = *state;
	struct test_octets in = test_sequence(0, 4 + 257);

	gikev2_put_int(in.octets, 4 + 256, 4);
	assert_int_equal(parse_len(p, in.octets, 4 + 256, GIKEV2_PLD_NONCE), 0);
	gikev2_put_int(in.octets, 4 + 257, 4);
	assert_int_equal(parse_len(p, in.octets, 4 + 257, GIKEV2_PLD_NONCE),
			 -GIKEV2_ERR_BAD_SYNTAX);
}

static void fields_read(void **state)
{
	struct parsed *p = *state;
	const struct gikev2_payload *item = p->payloads.item;

	assert_int_equal(parse_one(p, GIKEV2_PLD_KE, "001f 0000 aabbcc"), 0);
	assert_int_equal(item->ke.group, 31);
	assert_hex_equal(item->ke.data.ptr, item->ke.data.len, "aabbcc");
	assert_hex_equal(item->body.ptr, item->body.len, "001f0000aabbcc");
	assert_int_equal(parse_one(p, GIKEV2_PLD_IDI, "02 ffffff 7231"), 0);
	assert_int_equal(item->id.type, GIKEV2_ID_FQDN);
	assert_hex_equal(item->id.data.ptr, item->id.data.len, "7231");
	assert_int_equal(
		parse_one(p, GIKEV2_PLD_NOTIFY, "03 04 000b 00001001 99"), 0);
	assert_int_equal(item->notify.protocol, 3);
	assert_int_equal(item->notify.type, 11);
	assert_int_equal(item->notify.spi.len, 4);
	assert_hex_equal(item->notify.data.ptr, item->notify.data.len, "99");
	assert_int_equal(parse_one(p, GIKEV2_PLD_DELETE,
				   "03 04 0002 00001001 00001002"),
			 0);
	assert_int_equal(item->delete.count, 2);
	assert_int_equal(item->delete.spi_size, 4);
	assert_int_equal(item->delete.spis.len, 8);
	/* where a group key bag has its SPI Size, the member's is reserved */
	assert_int_equal(parse_one(p, GIKEV2_PLD_KD, "00 04 0009 0001 0001 bb"),
			 0);
	assert_int_equal(
		((struct gikev2_bag *)item->kd.bags.items)->attrs.count, 1);
	assert_int_equal(parse_one(p, GIKEV2_PLD_AUTH, "0e 000000 ab"), 0);
	assert_int_equal(item->auth.method, GIKEV2_AUTH_SIGNATURE);
}

/* ------------------------------------------------------------------ chains */

static const struct {
	const char *what;
	uint8_t first;
	const char *hex;
	int expected;
	size_t count;
} chains[] = {
	{ "nothing", 0, "", 0, 0 },
	{ "nothing announced, something there", 0, "00 00 0004",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "something announced, nothing there", GIKEV2_PLD_VENDOR, "",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "header cut short", GIKEV2_PLD_VENDOR, "00 00 00",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "length 3", GIKEV2_PLD_VENDOR, "00 00 0003", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "length 0", GIKEV2_PLD_VENDOR, "2b 00 0000  00 00 0004",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "length one over", GIKEV2_PLD_VENDOR, "00 00 0006 ff",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "two vendor IDs", GIKEV2_PLD_VENDOR, "2b 00 0005 01  00 00 0005 02",
	  0, 2 },
	{ "goes on behind the last", GIKEV2_PLD_VENDOR,
	  "00 00 0005 01  00 00 0005 02", -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "last says there is more", GIKEV2_PLD_VENDOR, "2b 00 0005 01",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "two deletes", GIKEV2_PLD_DELETE,
	  "2a 00 0008 01000000  00 00 0008 06000000", 0, 2 },
	{ "two certificates", GIKEV2_PLD_CERT, "25 00 0005 04  00 00 0005 04",
	  0, 2 },
	{ "two KEs", GIKEV2_PLD_KE,
	  "22 00 0008 001f 0000  00 00 0008 001f 0000", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "two AUTHs", GIKEV2_PLD_AUTH,
	  "27 00 0008 02000000  00 00 0008 02000000", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "two GSAs", GIKEV2_PLD_GSA, "33 00 0004  00 00 0004",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "two KDs", GIKEV2_PLD_KD, "34 00 0004  00 00 0004",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "two IDgs", GIKEV2_PLD_IDG,
	  "32 00 0008 0b000000  00 00 0008 0b000000", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "unknown payload", 200, "2b 00 0007 010203  00 00 0005 02", 0, 1 },
	{ "unknown payload, reserved bits", 200,
	  "2b 7f 0007 010203  00 00 0005 02", 0, 1 },
	{ "unknown payload, critical", 200, "2b 80 0007 010203  00 00 0005 02",
	  -GIKEV2_ERR_CRITICAL_PAYLOAD, 0 },
	{ "known payload, critical", GIKEV2_PLD_VENDOR, "00 80 0005 01", 0, 1 },
};

static void chains_read(void **state)
{
	struct parsed *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(chains); i++) {
		int ret = parse(p, chains[i].hex, chains[i].first);

		if (ret != chains[i].expected)
			fail_msg("%s: %d", chains[i].what, ret);
		if (ret == 0)
			assert_int_equal(p->payloads.count, chains[i].count);
	}
}

static void critical_payload_is_named(void **state)
{
	struct parsed *p = *state;

	assert_int_equal(parse(p, "00 80 0004", 250),
			 -GIKEV2_ERR_CRITICAL_PAYLOAD);
	assert_int_equal(p->payloads.unknown_critical, 250);
	assert_int_equal(parse(p, "00 00 0004", 250), 0);
	assert_int_equal(p->payloads.unknown_critical, 0);
	assert_int_equal(p->payloads.present, 0);
}

static void payload_limit(void **state)
{
	struct parsed *p = *state;
	struct test_octets in = { 0 };

	for (size_t i = 0; i <= GIKEV2_PAYLOADS_MAX; i++, in.len += 4) {
		in.octets[in.len] = GIKEV2_PLD_VENDOR;
		in.octets[in.len + 3] = 4;
	}
	in.octets[in.len - 4] = 0;
	assert_int_equal(parse_len(p, in.octets, in.len, GIKEV2_PLD_VENDOR),
			 -GIKEV2_ERR_LIMIT);
	in.len -= 4;
	in.octets[in.len - 4] = 0;
	assert_int_equal(parse_len(p, in.octets, in.len, GIKEV2_PLD_VENDOR), 0);
	assert_int_equal(p->payloads.count, GIKEV2_PAYLOADS_MAX);
	assert_same_again(p, &in, GIKEV2_PLD_VENDOR);
}

/* One more than there is room for shows when the message is made. */
static void too_many_to_send(void **state)
{
	struct parsed *p = *state;
	uint8_t octets[1024];
	struct gikev2_buf buf = { .ptr = octets, .size = sizeof(octets) };

	for (size_t i = 0; i < GIKEV2_PAYLOADS_MAX; i++)
		gikev2_payload_add(&p->payloads, GIKEV2_PLD_VENDOR);
	gikev2_payloads_generate(&p->payloads, &buf);
	assert_false(buf.overflow);
	assert_non_null(gikev2_payload_add(&p->payloads, GIKEV2_PLD_VENDOR));
	assert_int_equal(p->payloads.count, GIKEV2_PAYLOADS_MAX);
	buf.len = 0;
	gikev2_payloads_generate(&p->payloads, &buf);
	assert_true(buf.overflow);
}

/* In less room than it needs, it overflows, and nothing stands behind. */
static void too_little_room(void **state)
{
	struct parsed *p = *state;
	struct chain chain = get_chain(3);

	assert_int_equal(parse_len(p, chain.octets.octets, chain.octets.len,
				   chain.first),
			 0);
	for (size_t size = 0; size <= chain.octets.len; size++) {
		struct gikev2_buf buf = { .ptr = malloc(size ? size : 1),
					  .size = size };

		assert_non_null(buf.ptr);
		gikev2_payloads_generate(&p->payloads, &buf);
		assert_int_equal(buf.overflow, size < chain.octets.len);
		free(buf.ptr);
	}
}

/* The generic header has 16 bits for the length. */
static void too_long_for_a_payload(void **state)
{
	struct parsed *p = *state;
	uint8_t *octets = calloc(1, 65536);
	struct gikev2_buf buf = { .ptr = malloc(70000), .size = 70000 };
	struct gikev2_payload *payload =
		gikev2_payload_add(&p->payloads, GIKEV2_PLD_VENDOR);

	assert_non_null(octets);
	assert_non_null(buf.ptr);
	payload->octets.data = (struct gikev2_chunk){ octets, 65535 - 4 };
	gikev2_payloads_generate(&p->payloads, &buf);
	assert_false(buf.overflow);
	assert_int_equal(gikev2_get_int(buf.ptr + 2, 2), 65535);
	payload->octets.data.len++;
	buf.len = 0;
	gikev2_payloads_generate(&p->payloads, &buf);
	assert_true(buf.overflow);
	free(octets);
	free(buf.ptr);
}

/* ---------------------------------------------------------------- look-ups */

static void notifies_found(void **state)
{
	struct parsed *p = *state;

	/* a vendor ID, a status, two errors */
	assert_int_equal(parse(p,
			       "29 00 0005 07"
			       "29 00 000c 00 00 402d 00000001"
			       "29 00 0008 00 00 000e"
			       "00 00 0008 00 00 0018",
			       GIKEV2_PLD_VENDOR),
			 0);
	assert_int_equal(gikev2_notify_error(&p->payloads)->type,
			 GIKEV2_N_NO_PROPOSAL_CHOSEN);
	assert_ptr_equal(gikev2_notify_find(&p->payloads,
					    GIKEV2_N_GROUP_SENDER),
			 &p->payloads.item[1].notify);
	assert_null(gikev2_notify_find(&p->payloads, GIKEV2_N_COOKIE));
	assert_ptr_equal(gikev2_payload_find(&p->payloads, GIKEV2_PLD_NOTIFY),
			 &p->payloads.item[1]);
	assert_null(gikev2_payload_find(&p->payloads, GIKEV2_PLD_KE));
	assert_int_equal(p->payloads.present,
			 GIKEV2_PLD_BIT(GIKEV2_PLD_VENDOR) |
				 GIKEV2_PLD_BIT(GIKEV2_PLD_NOTIFY));
}

/* 16383 is the last error, 16384 the first status. */
static void errors_and_statuses(void **state)
{
	struct parsed *p = *state;

	assert_int_equal(parse_one(p, GIKEV2_PLD_NOTIFY, "00 00 4000"), 0);
	assert_null(gikev2_notify_error(&p->payloads));
	assert_int_equal(parse_one(p, GIKEV2_PLD_NOTIFY, "00 00 3fff"), 0);
	assert_non_null(gikev2_notify_error(&p->payloads));
}

static void attributes_found(void **state)
{
	struct gikev2_attr attrs[] = { { .type = 1, .tv = true, .value = 7 },
				       { .type = 2 },
				       { .type = 3, .tv = true },
				       { .type = 3, .tv = true } };
	struct gikev2_list list = { attrs, ARRAY_LEN(attrs) };
	const struct gikev2_attr *found;

	(void)state;
	assert_int_equal(gikev2_attr_find(&list, 1, true, &found), 1);
	assert_ptr_equal(found, &attrs[0]);
	assert_int_equal(gikev2_attr_find(&list, 2, false, &found), 1);
	assert_ptr_equal(found, &attrs[1]);
	assert_int_equal(gikev2_attr_find(&list, 4, true, &found), 0);
	assert_null(found);
	/* of the other form, or repeated */
	assert_int_equal(gikev2_attr_find(&list, 1, false, &found),
			 -GIKEV2_ERR_BAD_ATTRIBUTE);
	assert_int_equal(gikev2_attr_find(&list, 2, true, &found),
			 -GIKEV2_ERR_BAD_ATTRIBUTE);
	assert_int_equal(gikev2_attr_find(&list, 3, true, &found),
			 -GIKEV2_ERR_BAD_ATTRIBUTE);
}

/* Order and reserved octets as the engine sends them. */
static void made_from_scratch(void **state)
{
	struct parsed *p = *state;
	struct gikev2_payload *payload;
	struct test_octets out;
	uint8_t first;

	payload = gikev2_payload_add(&p->payloads, GIKEV2_PLD_IDG);
	payload->id.type = GIKEV2_ID_KEY_ID;
	payload->id.data = (struct gikev2_chunk){ (const uint8_t *)"CORE", 4 };
	gikev2_notify_add(&p->payloads, GIKEV2_N_NO_PROPOSAL_CHOSEN, NULL, 0);
	out = generate(p, &first);
	assert_int_equal(first, GIKEV2_PLD_IDG);
	assert_hex_equal(out.octets, out.len,
			 "29 00 000c 0b000000 434f5245  00 00 0008 00 00 000e");
	assert_same_hex(p,
			"29 00 000c 0b000000 434f5245  00 00 0008 00 00 000e",
			GIKEV2_PLD_IDG);
}

#define payload_test(function)                                                 \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		payload_test(vectors_round_trip),
		payload_test(vectors_cut_short),
		payload_test(vectors_with_one_bit_wrong),
		payload_test(gsa_vector_fields),
		payload_test(policy_of_ospfv2),
		payload_test(policies_read),
		payload_test(unknown_policy_is_kept_apart),
		payload_test(ipv6_selectors),
		payload_test(each_payload),
		payload_test(nonce_of_256),
		payload_test(fields_read),
		payload_test(chains_read),
		payload_test(critical_payload_is_named),
		payload_test(payload_limit),
		payload_test(too_many_to_send),
		payload_test(too_little_room),
		payload_test(too_long_for_a_payload),
		payload_test(notifies_found),
		payload_test(errors_and_statuses),
		payload_test(attributes_found),
		payload_test(made_from_scratch),
	};

	return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
