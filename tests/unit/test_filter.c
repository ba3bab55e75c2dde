// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the filter in front of the IP layer drops: its program is run here as
 * the kernel would, over packets that somebody without a key might send.
 */
#include <linux/filter.h>
#include <linux/if_ether.h>

#include "test_util.h"

#include "modules/mrkm_nlmsg.h"

#define PIM MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_PIM)
#define PIM6 MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_PIM6)
#define OSPF6 MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_OSPF6)

/* Octets of a frame, without its Ethernet header, and what the kernel knows. */
struct packet {
	uint16_t type;
	bool tagged;
	uint16_t tag;
	size_t len;
	uint8_t octets[256];
};

/* -------------------------------------------------- classic BPF, as far as used */

struct machine {
	const struct packet *packet;
	uint8_t frame[ETH_HLEN + 256];
	size_t len;
	uint32_t a, x, m[BPF_MEMWORDS];
};

/* False: beyond the end of the packet. */
static bool load(struct machine *m, uint32_t at, size_t size)
{
	if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)) {
		m->a = m->packet->type;
	} else if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)) {
		m->a = m->packet->tagged;
	} else if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG)) {
		m->a = m->packet->tag;
	} else {
		if (at + size > m->len)
			return false;
		for (m->a = 0; size; size--)
			m->a = m->a << 8 | m->frame[at++];
	}
	return true;
}

static size_t size_of(uint16_t code)
{
	return BPF_SIZE(code) == BPF_B ? 1 : BPF_SIZE(code) == BPF_H ? 2 : 4;
}

static uint32_t operand(const struct machine *m, const struct sock_filter *f)
{
	return BPF_SRC(f->code) == BPF_X ? m->x : f->k;
}

static bool run_load(struct machine *m, const struct sock_filter *f)
{
	switch (BPF_MODE(f->code)) {
	case BPF_ABS:
		return load(m, f->k, size_of(f->code));
	case BPF_IND:
		return load(m, m->x + f->k, size_of(f->code));
	case BPF_IMM:
		m->a = f->k;
		return true;
	case BPF_MEM:
		m->a = m->m[f->k];
		return true;
	case BPF_LEN:
		m->a = m->len;
		return true;
	default:
		fail_msg("load %x", f->code);
		return false;
	}
}

static bool run_load_x(struct machine *m, const struct sock_filter *f)
{
	if (BPF_MODE(f->code) == BPF_IMM) {
		m->x = f->k;
		return true;
	}
	assert_int_equal(BPF_MODE(f->code), BPF_MSH);
	if (f->k >= m->len)
		return false;
	m->x = 4 * (m->frame[f->k] & 15);
	return true;
}

static void run_alu(struct machine *m, const struct sock_filter *f)
{
	switch (BPF_OP(f->code)) {
	case BPF_ADD:
		m->a += operand(m, f);
		break;
	case BPF_SUB:
		m->a -= operand(m, f);
		break;
	case BPF_AND:
		m->a &= operand(m, f);
		break;
	case BPF_LSH:
		m->a <<= operand(m, f);
		break;
	default:
		fail_msg("operation %x", f->code);
	}
}

static size_t run_jump(const struct machine *m, const struct sock_filter *f)
{
	bool yes = false;

	switch (BPF_OP(f->code)) {
	case BPF_JA:
		return f->k;
	case BPF_JEQ:
		yes = m->a == operand(m, f);
		break;
	case BPF_JGE:
		yes = m->a >= operand(m, f);
		break;
	case BPF_JSET:
		yes = m->a & operand(m, f);
		break;
	default:
		fail_msg("jump %x", f->code);
	}
	return yes ? f->jt : f->jf;
}

static uint32_t run_program(struct machine *m, const struct sock_filter *f,
			    const struct sock_filter *end)
{
	for (; f < end; f++) {
		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			if (!run_load(m, f))
				return 0;
			break;
		case BPF_LDX:
			if (!run_load_x(m, f))
				return 0;
			break;
		case BPF_ST:
			m->m[f->k] = m->a;
			break;
		case BPF_ALU:
			run_alu(m, f);
			break;
		case BPF_JMP:
			f += run_jump(m, f);
			break;
		case BPF_MISC:
			if (BPF_MISCOP(f->code) == BPF_TAX)
				m->x = m->a;
			else
				m->a = m->x;
			break;
		case BPF_RET:
			return f->k;
		default:
			fail_msg("class %x", f->code);
		}
	}
	fail_msg("the program runs over its end");
	return 0;
}

static bool drops_with(uint8_t mac_len, struct mrkm_filter filter,
		       const struct packet *packet)
{
	struct sock_filter program[MRKM_PROGRAM_MAX];
	struct machine machine = { .packet = packet,
				   .len = mac_len + packet->len };
	size_t count;

	filter.mac_len = mac_len;
	count = mrkm_filter_program(&filter, program);
	assert_true(count <= MRKM_PROGRAM_MAX);
	memcpy(machine.frame + mac_len, packet->octets, packet->len);
	return run_program(&machine, program, program + count) != 0;
}

/* With and without a link layer's header it is the same. */
static bool filter_drops(const struct mrkm_filter *filter,
			 const struct packet *packet)
{
	bool result = drops_with(ETH_HLEN, *filter, packet);

	assert_int_equal(drops_with(0, *filter, packet), result);
	return result;
}

static bool drops(uint8_t traffic, const struct packet *packet)
{
	struct mrkm_filter filter = { .kind = MRKM_FILTER_CLEAR,
				      .traffic = traffic };

	return filter_drops(&filter, packet);
}

/* ----------------------------------------------------------------------- packets */

enum {
	HELLO = 0,
	REGISTER = 1,
	REGISTER_STOP = 2,
	JOIN = 3,
	CANDIDATE = 8
};

static struct packet ipv4(uint8_t protocol, uint8_t first, uint8_t type)
{
	struct packet p = { .type = ETH_P_IP, .len = 28 };

	p.octets[0] = 0x45;
	p.octets[9] = protocol;
	p.octets[16] = first;
	p.octets[20] = 0x20 | type;
	return p;
}

static struct packet ipv6(uint8_t next, uint8_t first)
{
	struct packet p = { .type = ETH_P_IPV6, .len = 40 };

	p.octets[0] = 0x60;
	p.octets[6] = next;
	p.octets[24] = first;
	return p;
}

static void append(struct packet *p, const void *octets, size_t len)
{
	memcpy(p->octets + p->len, octets, len);
	p->len += len;
}

/* An extension header of 8 * (1 + more) octets. */
static void extend(struct packet *p, uint8_t next, uint8_t more)
{
	uint8_t header[64] = { next, more };

	append(p, header, 8 * (1 + (size_t)more));
}

static const uint8_t body[8] = { 0x20 };

/* ------------------------------------------------------------------------- tests */

static void test_ipv4(void **state)
{
	struct packet hello = ipv4(103, 224, HELLO);
	struct packet esp = ipv4(50, 224, 0), ah = ipv4(51, 224, 0);
	struct packet ospf = ipv4(89, 224, 0), udp = ipv4(17, 10, 0);

	(void)state;
	assert_true(drops(PIM, &hello));
	assert_false(drops(PIM6 | OSPF6, &hello));
	assert_false(drops(PIM, &esp));
	assert_false(drops(PIM, &ah));
	assert_false(drops(PIM | PIM6 | OSPF6, &ospf));
	assert_false(drops(PIM, &udp));
}

static void test_ipv4_to_one_router(void **state)
{
	static const uint8_t refused[] = { HELLO, JOIN, 4, 5, 6, 7, 9, 10 };
	static const uint8_t far[] = { REGISTER, REGISTER_STOP, CANDIDATE };
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(refused); i++) {
		p = ipv4(103, 10, refused[i]);
		assert_true(drops(PIM, &p));
	}
	for (size_t i = 0; i < sizeof(far); i++) {
		p = ipv4(103, 10, far[i]);
		assert_false(drops(PIM, &p));
		/* but not to all neighbours */
		p = ipv4(103, 224, far[i]);
		assert_true(drops(PIM, &p));
	}
}

static void test_ipv4_options(void **state)
{
	struct packet p = ipv4(103, 10, REGISTER);

	(void)state;
	p.octets[0] = 0x46;
	p.octets[24] = 0x20 | JOIN;
	assert_true(drops(PIM, &p));
	p.octets[24] = 0x20 | REGISTER;
	p.octets[20] = 0x20 | JOIN;
	assert_false(drops(PIM, &p));
	/* options that reach to the end of the packet, and beyond */
	p.octets[0] = 0x47;
	assert_true(drops(PIM, &p));
	p.octets[0] = 0x4f;
	assert_true(drops(PIM, &p));
}

static void test_ipv4_fragments(void **state)
{
	struct packet p = ipv4(103, 10, JOIN);

	(void)state;
	p.octets[6] = 0x20; /* the first of several */
	assert_true(drops(PIM, &p));
	p.octets[7] = 1; /* another one */
	assert_false(drops(PIM, &p));
}

static void test_ipv6(void **state)
{
	struct packet pim = ipv6(103, 0xff), ospf = ipv6(89, 0xff);
	struct packet esp = ipv6(50, 0xff), unicast = ipv6(89, 0xfe);
	struct packet global = ipv6(89, 0x20);

	(void)state;
	append(&pim, body, sizeof(body));
	assert_true(drops(PIM6, &pim));
	assert_false(drops(OSPF6, &pim));
	assert_true(drops(OSPF6, &ospf));
	assert_false(drops(PIM | PIM6, &ospf));
	assert_true(drops(OSPF6, &unicast));
	/* ospf6d takes these, too */
	assert_true(drops(OSPF6, &global));
	assert_false(drops(PIM6 | OSPF6, &esp));
	assert_true(drops(PIM6 | OSPF6, &pim));
	assert_true(drops(PIM6 | OSPF6, &ospf));
}

static void test_ipv6_to_one_router(void **state)
{
	struct packet p = ipv6(103, 0x20);
	uint8_t reg[8] = { 0x20 | REGISTER }, join[8] = { 0x20 | JOIN };
	struct packet cut = p;

	(void)state;
	append(&p, reg, sizeof(reg));
	assert_false(drops(PIM6, &p));
	p.len -= sizeof(join);
	append(&p, join, sizeof(join));
	assert_true(drops(PIM6, &p));
	/* a header and nothing behind it */
	assert_true(drops(PIM6, &cut));
}

/* Linux walks over extension headers, so it must be done here, too. */
static void test_ipv6_extension_headers(void **state)
{
	static const uint8_t kinds[] = { 0, 43, 60 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds); i++)
		for (uint8_t more = 0; more < 3; more++) {
			struct packet p = ipv6(kinds[i], 0xff);
			struct packet other = p;

			extend(&p, 60, more);
			extend(&p, 89, 1);
			append(&p, body, sizeof(body));
			assert_true(drops(OSPF6, &p));
			assert_false(drops(PIM6, &p));
			extend(&other, 60, more);
			extend(&other, 58, 1);
			append(&other, body, sizeof(body));
			assert_false(drops(OSPF6 | PIM6, &other));
		}
}

static void test_ipv6_too_many_headers(void **state)
{
	struct packet p = ipv6(60, 0xff);

	(void)state;
	for (int i = 0; i < 10; i++)
		extend(&p, 60, 0);
	extend(&p, 89, 0);
	assert_true(drops(OSPF6, &p));
}

/* A header that ends outside: the kernel might find more than is seen here. */
static void test_ipv6_cut_headers(void **state)
{
	struct packet p = ipv6(60, 0xff);

	(void)state;
	for (size_t len = 0; len < 8; len++) {
		p.len = 40 + len;
		assert_true(drops(OSPF6, &p));
	}
	p.len = 40;
	extend(&p, 60, 0);
	p.octets[41] = 200; /* eight times as many octets */
	assert_true(drops(OSPF6, &p));
}

static void test_ipv6_fragments(void **state)
{
	struct packet first = ipv6(44, 0xff), later = first, hidden = first;
	uint8_t fragment[8] = { 89 };

	(void)state;
	append(&first, fragment, sizeof(fragment));
	append(&first, body, sizeof(body));
	assert_true(drops(OSPF6, &first));
	fragment[3] = 8;
	append(&later, fragment, sizeof(fragment));
	append(&later, body, sizeof(body));
	assert_false(drops(OSPF6, &later));
	/* the length of a fragment header is not where others have it */
	fragment[0] = 60;
	fragment[1] = 255;
	fragment[3] = 1;
	append(&hidden, fragment, sizeof(fragment));
	extend(&hidden, 89, 0);
	assert_true(drops(OSPF6, &hidden));
}

static void test_vlans(void **state)
{
	struct packet p = ipv4(103, 224, HELLO);

	(void)state;
	p.tagged = true;
	p.tag = 0x6005; /* VLAN 5: another interface's */
	assert_false(drops(PIM, &p));
	p.tag = 0x6000; /* a priority, no VLAN: ours */
	assert_true(drops(PIM, &p));
}

/* Linux takes one priority off after the other, and the filter sees the first. */
static void test_priority_in_priority(void **state)
{
	static const uint16_t kinds[] = { ETH_P_8021Q, ETH_P_8021AD };
	struct packet inner = ipv4(103, 224, HELLO);
	struct mrkm_filter echo = { .kind = MRKM_FILTER_ECHO };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct packet p = { .type = kinds[i], .tagged = true };

		append(&p, (const uint8_t[]){ 0x60, 0, 8, 0 }, 4);
		append(&p, inner.octets, inner.len);
		assert_true(drops(PIM, &p));
		assert_true(drops(OSPF6, &p));
		assert_true(filter_drops(&echo, &p));
		p.octets[1] = 5; /* another interface's */
		assert_false(drops(PIM, &p));
		p.octets[1] = 0;
		p.tag = 5;
		assert_false(drops(PIM, &p));
	}
}

static void test_other_protocols(void **state)
{
	struct packet p = ipv4(103, 224, HELLO);

	(void)state;
	p.type = ETH_P_ARP;
	assert_false(drops(PIM | PIM6 | OSPF6, &p));
}

/* ------------------------------------------------------ what we sent ourselves */

static struct mrkm_address address(uint8_t last)
{
	return (struct mrkm_address){ { 0xfe, 0x80, [8] = 2, 3, 4, 0xff, 0xfe,
					5, 6, last } };
}

static struct mrkm_filter echo_of(uint8_t count)
{
	struct mrkm_filter filter = { .kind = MRKM_FILTER_ECHO,
				      .address_count = count };

	for (uint8_t i = 0; i < count; i++)
		filter.addresses[i] = address(i);
	return filter;
}

static struct packet from(struct mrkm_address source, uint8_t next)
{
	struct packet p = ipv6(next, 0xff);

	memcpy(p.octets + 8, &source, sizeof(source));
	append(&p, body, sizeof(body));
	return p;
}

/* Each of the addresses, to the last octet, and no other. */
static void test_echo_addresses(void **state)
{
	struct mrkm_filter filter = echo_of(MRKM_LINK_ADDRESSES_MAX);
	struct packet p;

	(void)state;
	for (uint8_t i = 0; i < filter.address_count; i++) {
		p = from(address(i), 50);
		assert_true(filter_drops(&filter, &p));
		for (size_t k = 0; k < 16; k++) {
			p = from(address(i), 50);
			p.octets[8 + k] ^= 0x80;
			assert_false(filter_drops(&filter, &p));
		}
	}
	p = from(address(filter.address_count), 50);
	assert_false(filter_drops(&filter, &p));
	filter = echo_of(1);
	p = from(address(1), 50);
	assert_false(filter_drops(&filter, &p));
}

static void test_echo_protocols(void **state)
{
	static const uint8_t others[] = { 6, 17, 58, 59, 89, 103 };
	struct mrkm_filter filter = echo_of(2);
	struct packet esp = from(address(1), 50), ah = from(address(1), 51);
	struct packet p;

	(void)state;
	assert_true(filter_drops(&filter, &esp));
	assert_true(filter_drops(&filter, &ah));
	/* somebody has the same address: the kernel has to hear of it */
	for (size_t i = 0; i < sizeof(others); i++) {
		p = from(address(1), others[i]);
		assert_false(filter_drops(&filter, &p));
	}
	p = ipv4(50, 224, 0);
	assert_false(filter_drops(&filter, &p));
	esp.tagged = true;
	esp.tag = 5;
	assert_false(filter_drops(&filter, &esp));
}

/* Whoever sends it back may put headers in front: ESP does not cover them. */
static void test_echo_behind_headers(void **state)
{
	struct mrkm_filter filter = echo_of(1);
	static const uint8_t kinds[] = { 0, 43, 44, 60 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds); i++) {
		struct packet p = from(address(0), kinds[i]);

		p.len -= sizeof(body);
		extend(&p, 60, 0);
		extend(&p, 50, 2);
		append(&p, body, sizeof(body));
		assert_true(filter_drops(&filter, &p));
		memset(p.octets + 8, 1, 16);
		assert_false(filter_drops(&filter, &p));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv4_to_one_router),
		cmocka_unit_test(test_ipv4_options),
		cmocka_unit_test(test_ipv4_fragments),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_ipv6_to_one_router),
		cmocka_unit_test(test_ipv6_extension_headers),
		cmocka_unit_test(test_ipv6_too_many_headers),
		cmocka_unit_test(test_ipv6_cut_headers),
		cmocka_unit_test(test_ipv6_fragments),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_priority_in_priority),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_echo_addresses),
		cmocka_unit_test(test_echo_protocols),
		cmocka_unit_test(test_echo_behind_headers),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
