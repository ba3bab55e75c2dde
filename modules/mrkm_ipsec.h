// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernel IPsec for PIM (RFC 5796) and OSPFv3 (RFC 4552): what zebra_mrkm.so
 * puts into the kernel, as plain data.  mrkm_ipsec_want.c says what should be
 * there at an instant, mrkm_ipsec_diff.c which operations lead there from what
 * is, mrkm_xfrm.c and mrkm_tc.c write and read them as netlink messages.
 *
 * Three kinds of objects:
 *
 *   SA      a key, for one destination: 224.0.0.13, ff02::5, a neighbour.
 *           Linux finds it by (destination, protocol, SPI), both when sending
 *           and on receipt, for all interfaces of the network namespace.
 *   SP      outbound, one for each interface and destination: which SA to send
 *           with, named by its SPI, or that nothing may be sent at all.  To
 *           change the key is to replace the SP: one message, no gap.
 *   filter  inbound, for each interface: drops what came without IPsec.  It
 *           sits in front of the IP layer (tc ingress), because an inbound
 *           policy of Linux cannot tell interfaces from each other: it is
 *           compared with the device that the packet is delivered to, which
 *           for local delivery is the loopback.  Over IPv6 a second one drops
 *           what we sent ourselves and somebody else sends back: our SA would
 *           open it, and Linux minds its own source address in IPv4 only.
 */
#ifndef MRKM_IPSEC_H
#define MRKM_IPSEC_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keytable/keytable.h"

/*
 * The mark of what is ours: reqid 'm' 'r' 'k' and a kind of traffic.  Nothing
 * without it is ever changed.
 */
#define MRKM_IPSEC_REQID 0x6d726b00u
#define MRKM_IPSEC_REQID_MASK 0xffffff00u

/* Our policies' priority: the smaller the number, the earlier it is tried. */
#define MRKM_IPSEC_PRIORITY 848

/*
 * Our filters' place in an interface's tc ingress chain, and the handle of the
 * first one; the second's is the next.
 */
#define MRKM_IPSEC_FILTER_PREF 1
#define MRKM_IPSEC_FILTER_HANDLE 0x6d726b

/* Packets that may come out of order, where there is replay protection. */
#define MRKM_IPSEC_REPLAY_WINDOW 32

/* What is protected: one kind a routing daemon. */
enum mrkm_traffic {
	MRKM_TRAFFIC_PIM,
	MRKM_TRAFFIC_PIM6,
	MRKM_TRAFFIC_OSPF6,
	MRKM_TRAFFIC_MAX
};
#define MRKM_TRAFFIC_BIT(traffic) (1u << (traffic))

/* An IPv4 address is in the first four octets, the rest is 0. */
struct mrkm_address {
	uint8_t octets[16];
};

#define MRKM_GROUPS_MAX 2

struct mrkm_traffic_info {
	const char *name;
	const char *daemon;
	uint8_t protocol;    /* Security Protocol ID of its keys */
	uint8_t family;	     /* AF_INET, AF_INET6 */
	uint8_t ip_protocol; /* on receipt */
	/*
	 * What an outbound policy has to look for: pimd writes IPv4 headers
	 * itself, and the kernel then takes the protocol for 255.  0: any.
	 */
	uint8_t out_protocol;
	bool unicast; /* also between link-local addresses */
	size_t group_count;
	struct mrkm_address groups[MRKM_GROUPS_MAX];
};

extern const struct mrkm_traffic_info mrkm_traffic[MRKM_TRAFFIC_MAX];

/* The traffic of a daemon; MRKM_TRAFFIC_MAX: of none. */
enum mrkm_traffic mrkm_traffic_of(const char *daemon);

struct mrkm_sa {
	/* its identity */
	uint8_t family;
	uint8_t ip_protocol; /* IPPROTO_ESP or IPPROTO_AH */
	uint32_t spi;	     /* host order */
	struct mrkm_address destination;

	uint32_t reqid;
	bool replay; /* each sender has its own: sequence numbers are checked */
	bool only_out; /* and it is this router's: nothing comes in by it */
	struct keytable_suite suite;
	uint16_t key_len;
	uint8_t key[KEYTABLE_KEY_MAX]; /* as in struct keytable_row */

	/* not compared: for the one who installs it */
	uint32_t lifetime; /* seconds after which the kernel forgets it by
			    * itself; 0: never */
	uint32_t sequence; /* number to begin after */
	uint32_t acquire;  /* the kernel's question that this answers, or 0 */
};

struct mrkm_sp {
	/* its identity */
	uint8_t family;
	bool in; /* only where there are no filters; then for all interfaces */
	int ifindex;
	uint8_t ip_protocol; /* 0: any */
	uint8_t prefix;
	struct mrkm_address destination;

	uint32_t reqid;
	bool block;	     /* nothing may pass */
	uint8_t sa_protocol; /* IPPROTO_ESP or IPPROTO_AH; 0 when block */
	uint32_t spi;	     /* of the SA to use; 0 inbound: any of ours */
};

enum mrkm_filter_kind {
	MRKM_FILTER_CLEAR, /* drops `traffic` without IPsec */
	MRKM_FILTER_ECHO,  /* drops IPsec over IPv6 from `addresses`: ours */
	MRKM_FILTER_KINDS
};

/* IPv6 link-local addresses of an interface that are looked after. */
#define MRKM_LINK_ADDRESSES_MAX 8

struct mrkm_filter {
	/* its identity */
	int ifindex;
	enum mrkm_filter_kind kind;

	uint8_t traffic; /* MRKM_TRAFFIC_BIT()s */
	uint8_t mac_len; /* octets in front of the IP header */
	uint8_t address_count;
	struct mrkm_address addresses[MRKM_LINK_ADDRESSES_MAX];

	uint32_t dropped; /* packets, says the kernel; not compared */
};

/* Objects of one kind, sorted by identity. */
struct mrkm_list {
	void *items;
	size_t count, room;
};

/* What is, or should be, in the kernel. */
struct mrkm_image {
	struct mrkm_list sas, sps, filters;
};

#define mrkm_for_each(type, item, list)                                        \
	for (struct type *item = (list)->items,                                \
			 *end_ = item ? item + (list)->count : NULL;           \
	     item < end_; item++)

/*
 * Copies an object into its place.  0, -ENOMEM, or -EEXIST when there is one
 * of the same identity, which stays.
 */
int mrkm_image_add_sa(struct mrkm_image *image, const struct mrkm_sa *sa);
int mrkm_image_add_sp(struct mrkm_image *image, const struct mrkm_sp *sp);
int mrkm_image_add_filter(struct mrkm_image *image,
			  const struct mrkm_filter *filter);

/* The object with the identity of `like`, NULL: there is none. */
struct mrkm_sa *mrkm_image_find_sa(const struct mrkm_image *image,
				   const struct mrkm_sa *like);
struct mrkm_filter *mrkm_image_find_filter(const struct mrkm_image *image,
					   int ifindex,
					   enum mrkm_filter_kind kind);

/* Adds what `into` has not: by identity.  0, or -ENOMEM. */
int mrkm_image_merge(struct mrkm_image *into, const struct mrkm_image *from);

/* Removes what `what` has, too: by identity. */
void mrkm_image_subtract(struct mrkm_image *from,
			 const struct mrkm_image *what);

/* Removes the SAs that `present` has not: by identity. */
void mrkm_image_forget_sas(struct mrkm_image *image,
			   const struct mrkm_image *present);

/* Wipes and frees what it holds; it is empty then. */
void mrkm_image_clear(struct mrkm_image *image);

/* Equal in everything that counts. */
bool mrkm_sa_equal(const struct mrkm_sa *a, const struct mrkm_sa *b);
bool mrkm_sp_equal(const struct mrkm_sp *a, const struct mrkm_sp *b);
bool mrkm_filter_equal(const struct mrkm_filter *a,
		       const struct mrkm_filter *b);

/* In the order in which they are carried out. */
enum mrkm_op_type {
	MRKM_OP_SET_FILTER, /* add, or replace what has the same identity */
	MRKM_OP_ADD_SA,
	MRKM_OP_CHANGE_SA, /* another key under the same SPI */
	MRKM_OP_SET_SP,	   /* add, or replace what has the same identity */
	MRKM_OP_DEL_SP,
	MRKM_OP_DEL_SA,
	MRKM_OP_DEL_FILTER,
};

struct mrkm_op {
	enum mrkm_op_type type;
	int error; /* what became of it: 0 or a positive errno */
	union {	   /* the image's */
		const void *object;
		const struct mrkm_sa *sa;
		const struct mrkm_sp *sp;
		const struct mrkm_filter *filter;
	};
};

struct mrkm_ops {
	struct mrkm_op *ops;
	size_t count, room;
};

/*
 * What leads from `is` to `want`: first what protects, then what opens, last
 * what is over.  `ops` is empty before, and points into both images.  0, or
 * -ENOMEM.
 */
int mrkm_image_diff(const struct mrkm_image *is, const struct mrkm_image *want,
		    struct mrkm_ops *ops);
void mrkm_ops_clear(struct mrkm_ops *ops);

#endif /* MRKM_IPSEC_H */
