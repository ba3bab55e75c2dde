// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filters and interfaces as messages of rtnetlink.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "modules/mrkm_nlmsg.h"

#define INGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define FILTER_KIND "bpf"

/* --------------------------------------------------------------- the program */

/*
 * Assembled with jumps to labels, which are resolved at the end.  Any other
 * jump is so many instructions on.
 */
enum {
	NEXT = 0,
	OURS = 0xfb,
	IPV6,
	VERDICT,
	PASS,
	DROP
};
#define LABEL_MIN OURS

struct assembler {
	struct sock_filter *program;
	size_t count;
	size_t labels[DROP - LABEL_MIN + 1];
};

static void set_label(struct assembler *a, uint8_t label)
{
	a->labels[label - LABEL_MIN] = a->count;
}

static void emit(struct assembler *a, uint16_t code, uint32_t k)
{
	a->program[a->count++] = (struct sock_filter){ .code = code, .k = k };
}

static void emit_jump(struct assembler *a, uint16_t code, uint32_t k,
		      uint8_t yes, uint8_t no)
{
	a->program[a->count++] = (struct sock_filter){
		.code = BPF_JMP | code, .jt = yes, .jf = no, .k = k
	};
}

static uint8_t resolve(const struct assembler *a, size_t at, uint8_t jump)
{
	return jump < LABEL_MIN ? jump : a->labels[jump - LABEL_MIN] - at - 1;
}

static void resolve_all(struct assembler *a)
{
	for (size_t i = 0; i < a->count; i++) {
		struct sock_filter *f = &a->program[i];

		if (BPF_CLASS(f->code) != BPF_JMP)
			continue;
		f->jt = resolve(a, i, f->jt);
		f->jf = resolve(a, i, f->jf);
	}
}

/*
 * A load beyond the end of a packet would end the program with PASS; so the
 * length is looked at before each that is not in the fixed header: are there
 * so many octets where X points to?
 */
static void emit_length_check(struct assembler *a, uint32_t octets)
{
	emit(a, BPF_LD | BPF_W | BPF_LEN, 0);
	emit(a, BPF_ALU | BPF_SUB | BPF_K, octets);
	emit_jump(a, BPF_JGE | BPF_X, 0, NEXT, DROP);
}

/* Between routers that may be far from each other: not of RFC 5796. */
enum {
	PIM_REGISTER = 1,
	PIM_REGISTER_STOP = 2,
	PIM_CANDIDATE_RP = 8
};

/* X points to a PIM header in a packet to one router. */
static void emit_pim_type(struct assembler *a)
{
	emit_length_check(a, 1);
	emit(a, BPF_LD | BPF_B | BPF_IND, 0);
	emit(a, BPF_ALU | BPF_AND | BPF_K, 0x0f);
	emit_jump(a, BPF_JEQ, PIM_REGISTER, PASS, NEXT);
	emit_jump(a, BPF_JEQ, PIM_REGISTER_STOP, PASS, NEXT);
	emit_jump(a, BPF_JEQ, PIM_CANDIDATE_RP, PASS, DROP);
}

/*
 * `h`: octets in front of the IP header.  A fragment that is not the first
 * passes: it is nothing without the first.
 */
static void emit_ipv4(struct assembler *a, uint32_t h)
{
	emit(a, BPF_LD | BPF_B | BPF_ABS, h + 9);
	emit_jump(a, BPF_JEQ, IPPROTO_PIM, NEXT, PASS);
	emit(a, BPF_LD | BPF_B | BPF_ABS, h + 16);
	emit_jump(a, BPF_JGE, 224, DROP, NEXT);
	emit(a, BPF_LD | BPF_H | BPF_ABS, h + 6);
	emit_jump(a, BPF_JSET, 0x1fff, PASS, NEXT);
	emit(a, BPF_LDX | BPF_B | BPF_MSH, h);
	emit(a, BPF_MISC | BPF_TXA, 0);
	emit(a, BPF_ALU | BPF_ADD, h);
	emit(a, BPF_MISC | BPF_TAX, 0);
	emit_pim_type(a);
}

#define IPV6_SOURCE 8 /* its place in the header */

/* Extension headers in a row; a packet with more is dropped. */
#define IPV6_HEADERS_MAX 6

/*
 * One of the headers that Linux walks over.  M[0] is the type of the header
 * that X points to; when it is another, that is left in A for the verdict.
 */
static void emit_ipv6_header(struct assembler *a)
{
	emit(a, BPF_LD | BPF_MEM, 0);
	emit_jump(a, BPF_JEQ, IPPROTO_HOPOPTS, 3, NEXT);
	emit_jump(a, BPF_JEQ, IPPROTO_ROUTING, 2, NEXT);
	emit_jump(a, BPF_JEQ, IPPROTO_DSTOPTS, 1, NEXT);
	emit_jump(a, BPF_JEQ, IPPROTO_FRAGMENT, NEXT, VERDICT);
	emit_length_check(a, 8);
	emit(a, BPF_LD | BPF_MEM, 0);
	emit_jump(a, BPF_JEQ, IPPROTO_FRAGMENT, NEXT, 4);
	/* not the first fragment: nothing without the first */
	emit(a, BPF_LD | BPF_H | BPF_IND, 2);
	emit_jump(a, BPF_JSET, 0xfff8, PASS, NEXT);
	emit(a, BPF_LD | BPF_IMM, 8);
	emit(a, BPF_JMP | BPF_JA, 3);
	emit(a, BPF_LD | BPF_B | BPF_IND, 1);
	emit(a, BPF_ALU | BPF_ADD, 1);
	emit(a, BPF_ALU | BPF_LSH | BPF_K, 3);
	emit(a, BPF_ST, 1);
	emit(a, BPF_LD | BPF_B | BPF_IND, 0);
	emit(a, BPF_ST, 0);
	emit(a, BPF_LD | BPF_MEM, 1);
	emit(a, BPF_ALU | BPF_ADD | BPF_X, 0);
	emit(a, BPF_MISC | BPF_TAX, 0);
}

/* Goes to VERDICT with the first header that Linux does not walk over. */
static void emit_ipv6_headers(struct assembler *a, uint32_t h)
{
	emit(a, BPF_LD | BPF_B | BPF_ABS, h + 6);
	emit(a, BPF_ST, 0);
	emit(a, BPF_LDX | BPF_IMM, h + 40);
	for (int i = 0; i < IPV6_HEADERS_MAX; i++)
		emit_ipv6_header(a);
	emit(a, BPF_RET | BPF_K, UINT32_MAX);
	set_label(a, VERDICT);
}

static void emit_ipv6(struct assembler *a, uint32_t h, uint8_t traffic)
{
	emit_ipv6_headers(a, h);
	if (traffic & MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_OSPF6))
		emit_jump(a, BPF_JEQ, 89, DROP, NEXT);
	if (traffic & MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_PIM6)) {
		emit_jump(a, BPF_JEQ, IPPROTO_PIM, NEXT, PASS);
		emit(a, BPF_LD | BPF_B | BPF_ABS, h + 24);
		emit_jump(a, BPF_JEQ, 0xff, DROP, NEXT);
		emit_pim_type(a);
	}
}

#define VLAN_ID 0x0fff

/*
 * Frames of other VLANs belong to other interfaces; VLAN 0 is a priority and
 * no VLAN.  Behind one priority Linux takes off any number of others, after the
 * filter has seen the frame: nobody has a reason to send that.  A is the packet's
 * Ethernet type then.
 */
static void emit_head(struct assembler *a, uint32_t h)
{
	emit(a, BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT);
	emit_jump(a, BPF_JEQ, 0, 2, NEXT);
	emit(a, BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_VLAN_TAG);
	emit_jump(a, BPF_JSET, VLAN_ID, PASS, NEXT);
	emit(a, BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL);
	emit_jump(a, BPF_JEQ, ETH_P_8021Q, 1, NEXT);
	emit_jump(a, BPF_JEQ, ETH_P_8021AD, NEXT, 2);
	emit(a, BPF_LD | BPF_H | BPF_ABS, h);
	emit_jump(a, BPF_JSET, VLAN_ID, PASS, DROP);
}

static void emit_clear(struct assembler *a, const struct mrkm_filter *filter)
{
	emit_jump(a, BPF_JEQ, ETH_P_IPV6, IPV6, NEXT);
	emit_jump(a, BPF_JEQ, ETH_P_IP, NEXT, PASS);
	if (filter->traffic & MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_PIM))
		emit_ipv4(a, filter->mac_len);
	else
		emit(a, BPF_RET | BPF_K, 0);
	set_label(a, IPV6);
	emit_ipv6(a, filter->mac_len, filter->traffic);
}

/* Goes to OURS with a packet whose source address is this one. */
static void emit_source(struct assembler *a, uint32_t h,
			const struct mrkm_address *address)
{
	for (size_t i = 0; i < sizeof(address->octets); i += 4) {
		uint32_t word;

		memcpy(&word, address->octets + i, sizeof(word));
		emit(a, BPF_LD | BPF_W | BPF_ABS, h + IPV6_SOURCE + i);
		if (i < 12)
			emit_jump(a, BPF_JEQ, ntohl(word), NEXT, 6 - i / 2);
		else
			emit_jump(a, BPF_JEQ, ntohl(word), OURS, NEXT);
	}
}

/* Neighbour Discovery may say something from an address that we have, too. */
static void emit_echo(struct assembler *a, const struct mrkm_filter *filter)
{
	emit_jump(a, BPF_JEQ, ETH_P_IPV6, NEXT, PASS);
	for (size_t i = 0; i < filter->address_count; i++)
		emit_source(a, filter->mac_len, &filter->addresses[i]);
	emit(a, BPF_RET | BPF_K, 0);
	set_label(a, OURS);
	emit_ipv6_headers(a, filter->mac_len);
	emit_jump(a, BPF_JEQ, IPPROTO_ESP, DROP, NEXT);
	emit_jump(a, BPF_JEQ, IPPROTO_AH, DROP, PASS);
}

size_t mrkm_filter_program(const struct mrkm_filter *filter,
			   struct sock_filter *program)
{
	struct assembler a = { .program = program };

	emit_head(&a, filter->mac_len);
	if (filter->kind == MRKM_FILTER_ECHO)
		emit_echo(&a, filter);
	else
		emit_clear(&a, filter);
	set_label(&a, PASS);
	emit(&a, BPF_RET | BPF_K, 0);
	set_label(&a, DROP);
	emit(&a, BPF_RET | BPF_K, UINT32_MAX);
	resolve_all(&a);
	return a.count;
}

static uint32_t word_at(const struct sock_filter *program, size_t i)
{
	return htonl(program[i].k);
}

/* The addresses that are looked for, as emit_source() wrote them. */
static void read_sources(const struct sock_filter *program, size_t count,
			 struct mrkm_filter *guess)
{
	const uint32_t first = guess->mac_len + IPV6_SOURCE;

	for (size_t i = 0; i + 8 <= count; i++) {
		struct mrkm_address *address =
			&guess->addresses[guess->address_count];

		if (program[i].code != (BPF_LD | BPF_W | BPF_ABS) ||
		    program[i].k != first ||
		    guess->address_count == MRKM_LINK_ADDRESSES_MAX)
			continue;
		for (size_t k = 0; k < 4; k++) {
			uint32_t word = word_at(program, i + 2 * k + 1);

			memcpy(address->octets + 4 * k, &word, sizeof(word));
		}
		guess->address_count++;
	}
}

static bool has_program(const struct mrkm_filter *filter,
			const struct sock_filter *program, size_t count)
{
	struct sock_filter own[MRKM_PROGRAM_MAX];

	return mrkm_filter_program(filter, own) == count &&
	       memcmp(own, program, count * sizeof(*own)) == 0;
}

bool mrkm_filter_recognize(struct mrkm_filter *filter,
			   const struct sock_filter *program, size_t count)
{
	static const uint8_t mac_lens[] = { ETH_HLEN, 0 };
	bool echo = filter->kind == MRKM_FILTER_ECHO;

	for (size_t i = 0; i < sizeof(mac_lens); i++)
		for (unsigned int t = !echo; t < 1U << MRKM_TRAFFIC_MAX; t++) {
			struct mrkm_filter guess = {
				.ifindex = filter->ifindex,
				.kind = filter->kind,
				.traffic = (uint8_t)t,
				.mac_len = mac_lens[i],
			};

			if (echo)
				read_sources(program, count, &guess);
			if (!has_program(&guess, program, count))
				continue;
			*filter = guess;
			return true;
		}
	return false;
}

/* -------------------------------------------------------------------- writing */

static int put_qdisc(struct mrkm_batch *batch, int ifindex, uint32_t sequence)
{
	struct nlmsghdr *nlh = mrkm_batch_begin(
		batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, sequence);
	struct tcmsg *tcm;

	if (!nlh)
		return -ENOMEM;
	tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	tcm->tcm_ifindex = ifindex;
	tcm->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	tcm->tcm_parent = TC_H_CLSACT;
	mnl_attr_put_strz(nlh, TCA_KIND, "clsact");
	mrkm_batch_end(batch, nlh);
	return 0;
}

static struct tcmsg *put_filter_head(struct nlmsghdr *nlh,
				     const struct mrkm_filter *filter)
{
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));

	tcm->tcm_ifindex = filter->ifindex;
	tcm->tcm_parent = INGRESS;
	tcm->tcm_handle = MRKM_IPSEC_FILTER_HANDLE + filter->kind;
	tcm->tcm_info =
		TC_H_MAKE(MRKM_IPSEC_FILTER_PREF << 16, htons(ETH_P_ALL));
	return tcm;
}

static void put_action_drop(struct nlmsghdr *nlh)
{
	struct tc_gact gact = { .action = TC_ACT_SHOT };
	struct nlattr *actions = mnl_attr_nest_start(nlh, TCA_BPF_ACT);
	struct nlattr *first = mnl_attr_nest_start(nlh, 1);
	struct nlattr *options;

	mnl_attr_put_strz(nlh, TCA_ACT_KIND, "gact");
	options = mnl_attr_nest_start(nlh, TCA_ACT_OPTIONS);
	mnl_attr_put(nlh, TCA_GACT_PARMS, sizeof(gact), &gact);
	mnl_attr_nest_end(nlh, options);
	mnl_attr_nest_end(nlh, first);
	mnl_attr_nest_end(nlh, actions);
}

/*
 * The kernel replaces a filter in one step.  The place for filters is asked for
 * each time: when it is there already, that is an error that means nothing.
 */
static int put_set_filter(struct mrkm_batch *batch,
			  const struct mrkm_filter *filter, uint32_t sequence)
{
	struct sock_filter program[MRKM_PROGRAM_MAX];
	size_t count = mrkm_filter_program(filter, program);
	struct nlmsghdr *nlh;
	struct nlattr *options;

	if (put_qdisc(batch, filter->ifindex, MRKM_SEQUENCE_NONE))
		return -ENOMEM;
	nlh = mrkm_batch_begin(batch, RTM_NEWTFILTER, NLM_F_CREATE, sequence);
	if (!nlh)
		return -ENOMEM;
	put_filter_head(nlh, filter);
	mnl_attr_put_strz(nlh, TCA_KIND, FILTER_KIND);
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	put_action_drop(nlh);
	mnl_attr_put_u16(nlh, TCA_BPF_OPS_LEN, count);
	mnl_attr_put(nlh, TCA_BPF_OPS, count * sizeof(*program), program);
	mnl_attr_nest_end(nlh, options);
	mrkm_batch_end(batch, nlh);
	return 0;
}

static int put_del_filter(struct mrkm_batch *batch,
			  const struct mrkm_filter *filter, uint32_t sequence)
{
	struct nlmsghdr *nlh =
		mrkm_batch_begin(batch, RTM_DELTFILTER, 0, sequence);

	if (!nlh)
		return -ENOMEM;
	put_filter_head(nlh, filter);
	mnl_attr_put_strz(nlh, TCA_KIND, FILTER_KIND);
	mrkm_batch_end(batch, nlh);
	return 0;
}

int mrkm_tc_put(struct mrkm_batch *batch, const struct mrkm_op *op,
		uint32_t sequence)
{
	if (op->type == MRKM_OP_SET_FILTER)
		return put_set_filter(batch, op->filter, sequence);
	if (op->type == MRKM_OP_DEL_FILTER)
		return put_del_filter(batch, op->filter, sequence);
	return -EINVAL;
}

int mrkm_tc_put_dump_links(struct mrkm_batch *batch, uint32_t sequence)
{
	struct nlmsghdr *nlh =
		mrkm_batch_begin(batch, RTM_GETLINK, NLM_F_DUMP, sequence);

	if (!nlh)
		return -ENOMEM;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mrkm_batch_end(batch, nlh);
	return 0;
}

int mrkm_tc_put_dump_addresses(struct mrkm_batch *batch, uint32_t sequence)
{
	struct nlmsghdr *nlh =
		mrkm_batch_begin(batch, RTM_GETADDR, NLM_F_DUMP, sequence);
	struct ifaddrmsg *ifa;

	if (!nlh)
		return -ENOMEM;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET6;
	mrkm_batch_end(batch, nlh);
	return 0;
}

int mrkm_tc_put_dump_filters(struct mrkm_batch *batch, int ifindex,
			     uint32_t sequence)
{
	struct nlmsghdr *nlh =
		mrkm_batch_begin(batch, RTM_GETTFILTER, NLM_F_DUMP, sequence);
	struct tcmsg *tcm;

	if (!nlh)
		return -ENOMEM;
	tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	tcm->tcm_ifindex = ifindex;
	tcm->tcm_parent = INGRESS;
	mrkm_batch_end(batch, nlh);
	return 0;
}
