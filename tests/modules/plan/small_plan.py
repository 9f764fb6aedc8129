"""A small plan that reads only what every hub measures: parties and the plan itself."""

SMALL = """
plan:
  id: small
  title: {en: "A small plan", zh: "小方案"}
  document: SMALL-1
  issued_by: The council
  adopted_on: 2024-01-01
  in_force: {from: 2024-01-01, to: 2025-12-31}
  jurisdiction: "110000"
  timezone: Asia/Shanghai
  language_of_record: en
  definition_set: 2024-1
sources:
  - id: text
    citation: {en: "The small plan", zh: "小方案文本"}
    verified: true
bodies:
  - {id: office, name: {en: "the office", zh: "办公室"}}
measures:
  - {name: parties.organisations_registered, unit: count(organisation), nature: flow}
  - {name: parties.innovators_active, unit: count(innovator), nature: stock}
  - {name: plan.actions_done, unit: count(action), nature: flow}
  - {name: plan.slippages_open, unit: count(slippage), nature: stock}
  - {name: plan.evidence_lag, unit: second, nature: flow}
awaited_measures:
  - {name: city.trees_planted, unit: count(tree), nature: flow, department: office}
objectives:
  - id: O1
    title: {en: "Grow", zh: "增长"}
    text: {en: "More parties.", zh: "更多主体。"}
    source: {ref: text, place: "1", verified: true}
groups:
  - id: I
    title: {en: "Parties", zh: "主体"}
    tasks:
      - id: T1
        number: 1
        title: {en: "Register parties", zh: "登记主体"}
        text: {en: "Register them.", zh: "登记。"}
        serves: [O1]
        responsible: [{body: office, capacity: lead, verified: true}]
        source: {ref: text, place: "2", verified: true}
      - id: T2
        number: 2
        title: {en: "Plant trees", zh: "植树"}
        text: {en: "Plant them.", zh: "种植。"}
        serves: [O1]
        responsible: [{body: unknown, capacity: lead, verified: false, ask: {en: "the council", zh: "理事会"}}]
        source: {ref: text, place: "3", verified: true}
safeguards:
  - id: S1
    title: {en: "Look after it", zh: "督办"}
    text: {en: "Look.", zh: "督促。"}
    responsible: [{body: office, capacity: supervise, verified: true}]
    source: {ref: text, place: "4", verified: true}
indicators:
  - id: T1.1
    nodes: [T1]
    title: {en: "Organisations", zh: "单位数"}
    owner: office
    unit: count(organisation)
    nature: flow
    definitions:
      - version: 2024-1
        from: 2024-01-01
        to: 2026-09-03
        text: {en: "All.", zh: "全部。"}
        expression: sum(parties.organisations_registered) cumulative
      - version: 2026-1
        from: 2026-09-03
        text: {en: "All, of the year.", zh: "当年全部。"}
        expression: sum(parties.organisations_registered)
    baseline: {value: 0, on: 2024-01-01}
    target: {kind: reach, goal: 100, deadline: 2025-12-31}
    source: {ref: text, place: "5", verified: true}
  - id: T1.2
    nodes: [T1]
    title: {en: "Innovators", zh: "创新主体数"}
    owner: office
    unit: count(innovator)
    nature: stock
    definitions:
      - version: 2024-1
        from: 2024-01-01
        text: {en: "Active ones.", zh: "活跃主体。"}
        expression: sum(parties.innovators_active)
    target: {kind: reach, must_declare: office}
    source: {ref: text, place: "6", verified: false}
  - id: T2.1
    nodes: [T2]
    title: {en: "Trees", zh: "树木数"}
    owner: office
    unit: count(tree)
    nature: flow
    definitions:
      - version: 2024-1
        from: 2024-01-01
        text: {en: "Planted.", zh: "已种。"}
        expression: sum(city.trees_planted)
    baseline: {value: 0, on: 2024-01-01}
    target: {kind: reach, goal: 10, deadline: 2025-12-31}
    source: {ref: text, place: "7", verified: true}
  - id: S1.1
    nodes: [S1]
    title: {en: "Actions done", zh: "完成行动数"}
    owner: office
    unit: count(action)
    nature: flow
    definitions:
      - version: 2024-1
        from: 2024-01-01
        text: {en: "Done.", zh: "完成。"}
        expression: sum(plan.actions_done)
    target: {kind: reach, must_declare: office}
    source: {ref: text, place: "8", verified: true}
  - id: S1.2
    nodes: [S1]
    title: {en: "Open slippages", zh: "未结偏差数"}
    owner: office
    unit: count(slippage)
    nature: stock
    definitions:
      - version: 2024-1
        from: 2024-01-01
        text: {en: "Open.", zh: "未结。"}
        expression: sum(plan.slippages_open)
    target: {kind: reach, must_declare: office}
    source: {ref: text, place: "8", verified: true}
annual_plans:
  - id: annual-2025
    year: 2025
    title: {en: "Actions 2025", zh: "2025年行动"}
    source: {ref: text, verified: true}
    actions:
      - id: A1.1
        task: T1
        title: {en: "Open the register", zh: "开放登记"}
        responsible: [{body: office, capacity: lead, verified: true}]
        milestones:
          - {id: A1.1.1, title: {en: "Opened", zh: "已开放"}, due: 2025-03-31, slippage: null}
      - id: A1.2
        task: T1
        title: {en: "Print it", zh: "印发"}
        responsible: [{body: office, capacity: lead, verified: true}]
        milestones:
          - {id: A1.2.1, title: {en: "Printed", zh: "已印发"}, due: 2027-03-31, slippage: null}
"""
