import type { CaseGroup } from './group.ts';

/** As matchbox puts it together: metadata, then selectors, then the request. */
const MACHINE = {
  domain_name: 'node1.example.com',
  k8s_dns_service_ip: '10.3.0.10',
  etcd_initial_cluster: 'node1=https://node1.example.com:2380,node2=https://node2.example.com:2380',
  ssh_authorized_keys: ['ssh-ed25519 AAAA core@one', 'ssh-rsa BBBB core@two'],
  install_disk: '/dev/sda',
  replicas: 3,
  vlan: 100,
  reboot: false,
  proxy: null,
  networks: [
    { name: 'eth0', address: '192.0.2.10/24', gateway: '192.0.2.1', dns: ['192.0.2.2', '192.0.2.3'] },
    { name: 'eth1', address: '198.51.100.10/24' },
  ],
  taints: { dedicated: 'gpu', zone: 'a' },
  mac: '52:54:00:a1:9c:ae',
  os: 'installed',
  request: {
    query: { mac: '52:54:00:a1:9c:ae', os: 'installed', foo: '"; rm -rf / #' },
    raw_query: 'mac=52-54-00-a1-9c-ae&os=installed&foo=%22%3B+rm+-rf+%2F+%23',
  },
};

/** What people write for their machines. */
export const MACHINES: readonly CaseGroup[] = [
  {
    subject: 'configs of machines',
    data: MACHINE,
    templates: [
      '#!ipxe\nset base {{.request.query.mac}}\n',
      'UUID={{.uuid}}\n',
      'UUID={{.request.query.uuid}}\n',
      'FOO={{.request.query.foo}}\nRAW={{.request.raw_query}}\n',
      `passwd:
  users:
    - name: core
      ssh_authorized_keys:
        {{range $key := .ssh_authorized_keys}}
        - {{$key}}
        {{end}}
`,
      `{{ if index . "ssh_authorized_keys" }}
passwd:
  users:
    - name: core
      ssh_authorized_keys:
        {{- range $element := .ssh_authorized_keys }}
        - {{$element}}
        {{- end }}
{{end}}`,
      `{{ if index . "pxe" }}disk: /dev/ram0{{ else }}disk: {{.install_disk}}{{ end }}`,
      `{{ if eq (index . "pxe") "true" }}pxe{{ else }}disk{{ end }}`,
      `systemd:
  units:
    - name: etcd-member.service
      dropins:
        - name: 40-cluster.conf
          contents: |
            [Service]
            Environment="ETCD_NAME={{ .domain_name }}"
            Environment="ETCD_INITIAL_CLUSTER={{.etcd_initial_cluster}}"
            Environment="ETCD_STRICT_RECONFIG_CHECK=true"
`,
      `{{- range .networks }}
[Match]
Name={{ .name }}
[Network]
Address={{ .address }}
{{- if index . "gateway" }}
Gateway={{ .gateway }}
{{- end }}
{{- range index . "dns" }}
DNS={{ . }}
{{- end }}
{{ end }}`,
      `{{range .networks}}{{.gateway}}{{end}}`,
      `{{with index . "proxy"}}http_proxy={{.}}{{else}}no proxy{{end}}`,
      `{{define "unit"}}    - name: {{.}}.service
      enabled: true
{{end}}systemd:
  units:
{{template "unit" "docker"}}{{template "unit" "etcd"}}`,
      `{{$name := .domain_name}}{{range $i, $net := .networks}}{{if $i}},{{end}}{{$name}}@{{$net.name}}{{end}}`,
      `{{range $k, $v := .taints}}--node-taint={{$k}}={{$v}}:NoSchedule {{end}}`,
      `replicas: {{.replicas}} vlan: {{printf "%04.0f" .vlan}}`,
      `{{if eq .os "installed"}}local{{else}}network{{end}}`,
      `{{if eq .request.query.os "installed"}}local{{else}}network{{end}}`,
      `{{if eq .replicas 3}}three{{end}}`,
      `{{if eq .replicas 3.0}}three{{end}}`,
      `{{if gt (len .ssh_authorized_keys) 1}}many{{else}}one{{end}}`,
      `{{if not .reboot}}locksmith: off{{end}}`,
      `{{if and (eq .os "installed") (not .reboot)}}a{{else}}b{{end}}`,
      `{{or (index . "hostname") .domain_name}}`,
      `{{ or (index .request.query "console") "tty0" }}`,
      `hostname: {{ printf "%q" .domain_name }}`,
      `{{ .mac | printf "%s-%s" "node" }}`,
      `{{.request.query}}`,
      `{{.networks}}`,
      `{{js .request.query.foo}} {{html .request.query.foo}} {{urlquery .request.query.foo}}`,
      `{{range .request.query}}{{.}}
{{end}}`,
      `{{/* a comment for the next one
*/ -}}
storage:
  files:
    - path: /etc/hostname
      mode: 0644
      contents:
        inline: {{.domain_name}}
`,
      `{{block "head" .}}# {{.domain_name}}{{end}}
{{block "tail" .networks}}{{len .}}{{end}}`,
      '{{`{{ not a template }}`}} $(hostname) $VAR {{"{{"}} .x }}',
      `{{slice .mac 0 8}} {{index .networks 0 "dns" 1}}`,
    ],
  },
];
